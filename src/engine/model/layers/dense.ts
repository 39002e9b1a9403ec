import { matMul, type Tensor2D } from '@tensorflow/tfjs-core';
import type { LayerFunction } from '../layer.ts';
import { biasAndActivation } from './bias-and-activation.ts';

/** `activation(x·kernel + bias)`: `[batch, features]` → `[batch, units]`. */
export const dense: LayerFunction<'dense'> = (layer, weights, input, context) =>
  biasAndActivation(
    layer.activation,
    matMul(input as Tensor2D, weights.kernel as Tensor2D),
    weights,
    context,
  );
