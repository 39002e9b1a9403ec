import { size } from '../spec/shapes.ts';
import type { Numbers } from './readers/arrays.ts';

/**
 * Mean and standard deviation (the population's) of each place of the last axis, over these rows and all other
 * axes: a picture's channels. In two passes, without cancellation; equal numbers have a deviation of exactly 0.
 * @param values [all rows × size of the shape]
 */
export function channelMoments(
  values: Numbers,
  shape: readonly number[],
  rows: Uint32Array,
): { mean: Float64Array; std: Float64Array } {
  const channels = shape.at(-1)!;
  const count = (rows.length * size(shape)) / channels;
  const first = values.subarray(rows[0]! * size(shape), rows[0]! * size(shape) + channels);
  const origin = Float64Array.from(first);
  const mean = sumsOf(values, shape, rows, origin, 1).map((sum, channel) => origin[channel]! + sum / count);
  const std = sumsOf(values, shape, rows, mean, 2).map((sum) => Math.sqrt(sum / count));
  return { mean, std };
}

/** Of each channel, the sum of differences from its origin, or of their squares. */
function sumsOf(
  values: Numbers,
  shape: readonly number[],
  rows: Uint32Array,
  origin: Float64Array,
  power: 1 | 2,
): Float64Array {
  const width = size(shape);
  const sums = new Float64Array(origin.length);
  for (let i = 0; i < rows.length; i++) {
    const end = (rows[i]! + 1) * width;
    for (let position = end - width, channel = 0; position < end; position++) {
      const difference = values[position]! - origin[channel]!;
      sums[channel]! += power === 1 ? difference : difference * difference;
      if (++channel === sums.length) channel = 0;
    }
  }
  return sums;
}
