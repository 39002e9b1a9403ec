import { type Change, either, type Frame } from './frame.ts';

export function brightness(amount: number): Change {
  return (from, to, frame, draw) => brighten(from, to, frame, either(draw(0), amount));
}

/** Adds a share of the range from black to white; what goes beyond stays at black or white. */
export function brighten(from: Float32Array, to: Float32Array, frame: Frame, share: number): void {
  const { lowest, highest } = frame;
  const added = lowest.map((low, channel) => share * (highest[channel]! - low));
  for (let i = 0, channel = 0; i < from.length; i++) {
    const value = from[i]! + added[channel]!;
    to[i] = Math.min(Math.max(value, lowest[channel]!), highest[channel]!);
    if (++channel === added.length) channel = 0;
  }
}
