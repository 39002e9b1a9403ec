import type { Change, Fill, Frame } from './frame.ts';

/** By a whole number of pixels from −pixels to pixels, each as likely; down and to the right each on its own. */
export function shift(pixels: number, fill: Fill): Change {
  const drawn = (uniform: number) => Math.floor(uniform * (2 * pixels + 1)) - pixels;
  return (from, to, frame, draw) => translate(from, to, frame, drawn(draw(0)), drawn(draw(1)), fill);
}

/** Moves what is at (y, x) to (y + down, x + right). */
export function translate(
  from: Float32Array,
  to: Float32Array,
  { height, width, channels, lowest }: Frame,
  down: number,
  right: number,
  fill: Fill,
): void {
  for (let y = 0, target = 0; y < height; y++) {
    const sourceY = Math.min(Math.max(y - down, 0), height - 1);
    for (let x = 0; x < width; x++) {
      const sourceX = Math.min(Math.max(x - right, 0), width - 1);
      const isInside = fill === 'edge' || (sourceY === y - down && sourceX === x - right);
      const source = (sourceY * width + sourceX) * channels;
      for (let channel = 0; channel < channels; channel++, target++)
        to[target] = isInside ? from[source + channel]! : lowest[channel]!;
    }
  }
}
