import { add, type Tensor } from '@tensorflow/tfjs-core';
import type { Activation } from '../../../spec/activation.ts';
import type { Tensors } from '../../tensors.ts';
import { activate } from '../activations.ts';
import type { LayerContext } from '../layer.ts';

/** The end of every layer with a kernel: the bias, where it has one, then the activation. */
export function biasAndActivation(
  activation: Activation,
  linear: Tensor,
  weights: Tensors,
  context: LayerContext,
): Tensor {
  const x = weights.bias ? add(linear, weights.bias) : linear;
  return activate(activation, x, { weights, context });
}
