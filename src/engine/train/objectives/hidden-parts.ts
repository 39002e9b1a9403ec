import { encodingWidth, type InputEncoding } from '../../../spec/preprocess.ts';
import { size } from '../../../spec/shapes.ts';

/** What is hidden together: the places of these numbers in an encoded example. */
export type Part = readonly number[];

/** He et al. (2021) cut a side of 224 pixels into 14. */
const PATCHES_A_SIDE = 14;

/** The largest patch that divides both sides and leaves 14 patches a side or more; a pixel where there is none. */
export function defaultPatch([height, width]: readonly number[]): number {
  let patch = Math.max(1, Math.floor(Math.min(height!, width!) / PATCHES_A_SIDE));
  while (height! % patch !== 0 || width! % patch !== 0) patch--;
  return patch;
}

/** The squares of a picture `[height, width, …]`, row by row, each with all of its channels. */
export function patches(shape: readonly number[], side: number): Part[] {
  const [height, width] = shape as [number, number];
  const channels = size(shape.slice(2));
  const across = width / side;
  const parts: number[][] = Array.from({ length: (height / side) * across }, () => []);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const part = parts[Math.floor(y / side) * across + Math.floor(x / side)]!;
      for (let channel = 0; channel < channels; channel++) part.push((y * width + x) * channels + channel);
    }
  }
  return parts;
}

/** Each column of each row: a category's numbers belong together, for all but one of them tell the last. */
export function columnCells(inputs: readonly InputEncoding[], inputShape: readonly number[]): Part[] {
  const parts: number[][] = [];
  const numbers = size(inputShape);
  for (let next = 0; next < numbers; ) {
    for (const input of inputs) {
      const width = input.type === 'tensor' ? 1 : encodingWidth(input);
      parts.push(Array.from({ length: width }, (_, i) => next + i));
      next += width;
    }
  }
  return parts;
}
