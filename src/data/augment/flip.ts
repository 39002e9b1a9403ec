import type { Change, Frame } from './frame.ts';

export function flip(direction: 'horizontal' | 'vertical', probability: number): Change {
  return (from, to, frame, draw) => {
    if (draw(0) < probability) mirror(from, to, frame, direction);
    else to.set(from);
  };
}

/** `horizontal` exchanges left and right, `vertical` top and bottom. */
export function mirror(
  from: Float32Array,
  to: Float32Array,
  { height, width, channels }: Frame,
  direction: 'horizontal' | 'vertical',
): void {
  const row = width * channels;
  for (let y = 0; y < height; y++) {
    if (direction === 'vertical') {
      const mirrored = (height - 1 - y) * row;
      to.set(from.subarray(mirrored, mirrored + row), y * row);
      continue;
    }
    for (let x = 0; x < width; x++) {
      const target = y * row + x * channels;
      const source = y * row + (width - 1 - x) * channels;
      for (let channel = 0; channel < channels; channel++) to[target + channel] = from[source + channel]!;
    }
  }
}
