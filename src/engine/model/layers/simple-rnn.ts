import { add, matMul, type Tensor2D } from '@tensorflow/tfjs-core';
import { activate } from '../activations.ts';
import type { LayerFunction } from '../layer.ts';
import { overTime } from './time-loop.ts';

/** `h ← activation(x·kernel + h·recurrentKernel + bias)`: `[batch, length, channels]` → `[batch, units]`, or a sequence. */
export const simpleRnn: LayerFunction<'simpleRnn'> = (layer, weights, input, context) => {
  const recurrentKernel = weights.recurrentKernel as Tensor2D;
  return overTime(layer, weights, input, 1, (projected, [h]) => {
    const linear = add(projected, matMul(h, recurrentKernel));
    return [activate(layer.activation, linear, { weights, context }) as Tensor2D];
  });
};
