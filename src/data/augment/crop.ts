import type { Change, Frame } from './frame.ts';
import { resample } from './resample.ts';

/** Keeps a part with from `least` to `most` of the area. */
export function crop([least, most]: readonly [number, number]): Change {
  return (from, to, frame, draw) => {
    const share = Math.sqrt(least + draw(0) * (most - least));
    const top = draw(1) * frame.height * (1 - share);
    const left = draw(2) * frame.width * (1 - share);
    enlarge(from, to, frame, { top, left, share });
  };
}

/**
 * Enlarges the part that begins at (top, left) and has `share` of each side to the whole picture. Pixels are
 * squares with their value at the centre, as where pictures are resized.
 */
export function enlarge(
  from: Float32Array,
  to: Float32Array,
  frame: Frame,
  { top, left, share }: { top: number; left: number; share: number },
): void {
  const down = { perY: share, perX: 0, start: top + 0.5 * share - 0.5 };
  const right = { perY: 0, perX: share, start: left + 0.5 * share - 0.5 };
  resample(from, to, frame, { down, right }, 'edge');
}
