import { avgPool as average, max, maxPool as maximum, mean, type Tensor4D } from '@tensorflow/tfjs-core';
import { pair } from '../../../spec/shapes.ts';
import type { LayerFunction } from '../layer.ts';

export const maxPool: LayerFunction<'maxPool'> = (layer, _weights, input) =>
  maximum(input as Tensor4D, pair(layer.poolSize), pair(layer.strides ?? layer.poolSize), layer.padding);

/** Padding is not counted in the mean. */
export const avgPool: LayerFunction<'avgPool'> = (layer, _weights, input) =>
  average(input as Tensor4D, pair(layer.poolSize), pair(layer.strides ?? layer.poolSize), layer.padding);

/** `[batch, height, width, channels]` → `[batch, channels]`. */
export const globalMaxPool: LayerFunction<'globalMaxPool'> = (_layer, _weights, input) => max(input, [1, 2]);

export const globalAvgPool: LayerFunction<'globalAvgPool'> = (_layer, _weights, input) => mean(input, [1, 2]);
