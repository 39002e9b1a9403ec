import {
  avgPool as average,
  max,
  maxPool as maximum,
  mean,
  reshape,
  type Tensor,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import type { LayerOf } from '../../../spec/layer.ts';
import { pair } from '../../../spec/shapes.ts';
import type { LayerFunction } from '../layer.ts';

export const maxPool: LayerFunction<'maxPool'> = (layer, _weights, input) => slide(maximum, layer, input);

/** Padding is not counted in the mean. */
export const avgPool: LayerFunction<'avgPool'> = (layer, _weights, input) => slide(average, layer, input);

/** `[batch, height, width, channels]` or `[batch, length, channels]` → `[batch, channels]`. */
export const globalMaxPool: LayerFunction<'globalMaxPool'> = (_layer, _weights, input) =>
  max(input, places(input));

export const globalAvgPool: LayerFunction<'globalAvgPool'> = (_layer, _weights, input) =>
  mean(input, places(input));

function places({ rank }: Tensor): number[] {
  return rank === 3 ? [1] : [1, 2];
}

/** A sequence is pooled as a picture that is one column wide. */
function slide(
  pool: typeof maximum | typeof average,
  { poolSize, strides = poolSize, padding }: LayerOf<'maxPool' | 'avgPool'>,
  input: Tensor,
): Tensor {
  if (input.rank === 4) return pool(input as Tensor4D, pair(poolSize), pair(strides), padding);
  const [batch, length, channels] = input.shape as [number, number, number];
  const picture: Tensor4D = reshape(input, [batch, length, 1, channels]);
  const pooled = pool(picture, [poolSize as number, 1], [strides as number, 1], padding);
  return reshape(pooled, [batch, pooled.shape[1], channels]);
}
