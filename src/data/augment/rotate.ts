import { type Change, either, type Fill, type Frame } from './frame.ts';
import { resample } from './resample.ts';

export function rotate(degrees: number, fill: Fill): Change {
  return (from, to, frame, draw) => turn(from, to, frame, either(draw(0), degrees), fill);
}

/** Turns about the centre, counterclockwise as the picture is looked at. */
export function turn(from: Float32Array, to: Float32Array, frame: Frame, degrees: number, fill: Fill): void {
  const radians = (degrees * Math.PI) / 180;
  const cos = Math.cos(radians);
  const sin = Math.sin(radians);
  const centreY = (frame.height - 1) / 2;
  const centreX = (frame.width - 1) / 2;
  const down = { perY: cos, perX: sin, start: centreY - cos * centreY - sin * centreX };
  const right = { perY: -sin, perX: cos, start: centreX + sin * centreY - cos * centreX };
  resample(from, to, frame, { down, right }, fill);
}
