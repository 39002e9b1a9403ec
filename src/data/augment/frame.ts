/** The pictures that are augmented, as they are encoded: [height × width × channels], and what a pixel may be. */
export interface Frame {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Black, by channel. */
  readonly lowest: Float32Array;
  /** White, by channel. */
  readonly highest: Float32Array;
}

/** What stands where there was no picture: its nearest pixel, or black. */
export type Fill = 'edge' | 'black';

/** Writes a picture, changed, to another of the same frame. `draw(i)` is uniform in [0, 1), the same for the same i. */
export type Change = (
  from: Float32Array,
  to: Float32Array,
  frame: Frame,
  draw: (index: number) => number,
) => void;

/** Uniform in [−most, most). */
export function either(drawn: number, most: number): number {
  return (2 * drawn - 1) * most;
}
