import type { Fill, Frame } from './frame.ts';

/** Where the picture's pixel (y, x) is taken from: `y · perY + x · perX + start`, down and to the right. */
export interface Source {
  readonly down: Line;
  readonly right: Line;
}
interface Line {
  readonly perY: number;
  readonly perX: number;
  readonly start: number;
}

/** Takes each pixel from elsewhere, bilinearly: weighed by their nearness, the four around the place. */
export function resample(
  from: Float32Array,
  to: Float32Array,
  frame: Frame,
  { down, right }: Source,
  fill: Fill,
): void {
  const { height, width, channels, lowest } = frame;
  const isClamped = fill === 'edge';
  for (let y = 0, target = 0; y < height; y++) {
    for (let x = 0; x < width; x++, target += channels) {
      let sourceY = y * down.perY + x * down.perX + down.start;
      let sourceX = y * right.perY + x * right.perX + right.start;
      if (isClamped) {
        sourceY = Math.min(Math.max(sourceY, 0), height - 1);
        sourceX = Math.min(Math.max(sourceX, 0), width - 1);
      }
      const top = Math.floor(sourceY);
      const left = Math.floor(sourceX);
      const below = sourceY - top;
      const beside = sourceX - left;
      const a = placeOf(frame, top, left);
      // What weighs nothing may lie outside.
      const b = beside > 0 ? placeOf(frame, top, left + 1) : a;
      const c = below > 0 ? placeOf(frame, top + 1, left) : a;
      const d = below > 0 ? (beside > 0 ? placeOf(frame, top + 1, left + 1) : c) : b;
      for (let channel = 0; channel < channels; channel++) {
        const black = lowest[channel]!;
        const upper = mix(a < 0 ? black : from[a + channel]!, b < 0 ? black : from[b + channel]!, beside);
        const lower = mix(c < 0 ? black : from[c + channel]!, d < 0 ? black : from[d + channel]!, beside);
        to[target + channel] = mix(upper, lower, below);
      }
    }
  }
}

/** Where a pixel's channels begin; −1 outside of the picture. */
function placeOf({ height, width, channels }: Frame, y: number, x: number): number {
  return y < 0 || x < 0 || y >= height || x >= width ? -1 : (y * width + x) * channels;
}

function mix(one: number, other: number, share: number): number {
  return one + (other - one) * share;
}
