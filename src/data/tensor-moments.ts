import { size } from '../spec/shapes.ts';
import type { Numbers } from './readers/arrays.ts';

const BYTES = 256;
/** Each channel has counts of its own, which are to stay in the nearest cache. */
const MOST_COUNTED = 8;

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
  if (values instanceof Uint8Array && channels <= MOST_COUNTED)
    return momentsOfBytes(values, shape, rows, count);
  const first = values.subarray(rows[0]! * size(shape), rows[0]! * size(shape) + channels);
  const origin = Float64Array.from(first);
  const mean = sumsOf(values, shape, rows, origin, 1).map((sum, channel) => origin[channel]! + sum / count);
  const std = sumsOf(values, shape, rows, mean, 2).map((sum) => Math.sqrt(sum / count));
  return { mean, std };
}

/** By how often each byte comes, which is counted faster than numbers are summed up, and exact. */
function momentsOfBytes(
  values: Uint8Array,
  shape: readonly number[],
  rows: Uint32Array,
  count: number,
): ReturnType<typeof channelMoments> {
  const counts = countBytes(values, shape, rows);
  const channels = Array.from({ length: shape.at(-1)! }, (_, channel) => channel);
  const meanOf = (channel: number, of: (byte: number) => number) => {
    let sum = 0;
    for (let byte = 0; byte < BYTES; byte++) sum += counts[channel * BYTES + byte]! * of(byte);
    return sum / count;
  };
  const mean = Float64Array.from(channels, (channel) => meanOf(channel, (byte) => byte));
  const std = Float64Array.from(channels, (channel) =>
    Math.sqrt(meanOf(channel, (byte) => (byte - mean[channel]!) ** 2)),
  );
  return { mean, std };
}

/** [channels × 256] */
function countBytes(values: Uint8Array, shape: readonly number[], rows: Uint32Array): Float64Array {
  const width = size(shape);
  const channels = shape.at(-1)!;
  const counts = new Float64Array(channels * BYTES);
  for (let i = 0; i < rows.length; i++) {
    const start = rows[i]! * width;
    for (let channel = 0; channel < channels; channel++) {
      const first = channel * BYTES;
      for (let at = start + channel; at < start + width; at += channels) counts[first + values[at]!]!++;
    }
  }
  return counts;
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
