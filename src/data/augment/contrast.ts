import { type Change, either, type Frame } from './frame.ts';

export function contrast(amount: number): Change {
  return (from, to, frame, draw) => stretch(from, to, frame, 1 + either(draw(0), amount));
}

/** Multiplies the distance from each channel's mean; what goes beyond stays at black or white. */
export function stretch(from: Float32Array, to: Float32Array, frame: Frame, factor: number): void {
  const { lowest, highest } = frame;
  const means = meansOf(from, frame);
  for (let i = 0, channel = 0; i < from.length; i++) {
    const mean = means[channel]!;
    const value = mean + (from[i]! - mean) * factor;
    to[i] = Math.min(Math.max(value, lowest[channel]!), highest[channel]!);
    if (++channel === means.length) channel = 0;
  }
}

function meansOf(picture: Float32Array, { height, width, channels }: Frame): Float64Array {
  const sums = new Float64Array(channels);
  for (let i = 0, channel = 0; i < picture.length; i++) {
    sums[channel]! += picture[i]!;
    if (++channel === channels) channel = 0;
  }
  return sums.map((sum) => sum / (height * width));
}
