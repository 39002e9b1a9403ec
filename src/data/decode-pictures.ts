import type { Channels } from '../spec/dataset.ts';
import { isOfBytes, type Preprocess, tensorOf } from '../spec/preprocess.ts';
import { size } from '../spec/shapes.ts';

/**
 * Lays encoded pictures out in a grid of bytes, row after row, so many a side. Bytes are as they were; other numbers
 * go from black, the least of them all, to white.
 * @param examples [side² × size of the shape]
 * @returns null where the inputs are no picture of one or three channels
 */
export function decodePictures(
  { inputs }: Pick<Preprocess, 'inputs'>,
  examples: Float32Array,
  side: number,
): { values: Uint8Array; height: number; width: number; channels: Channels } | null {
  const encoding = tensorOf(inputs);
  const [height, width, channels] = encoding?.shape ?? [];
  if (encoding?.shape.length !== 3 || (channels !== 1 && channels !== 3)) return null;
  const { mean, std, scale } = encoding;
  const numbers = examples.map((value, i) => (value * std[i % channels]! + mean[i % channels]!) / scale);
  const toByte = isOfBytes(encoding) ? (value: number) => value : spread(numbers);
  const values = new Uint8ClampedArray(examples.length);
  const pixels = size(encoding.shape);
  for (const [i, value] of numbers.entries()) {
    const [picture, place] = [Math.floor(i / pixels), i % pixels];
    const y = Math.floor(picture / side) * height! + Math.floor(place / (width! * channels));
    const x = (picture % side) * width! * channels + (place % (width! * channels));
    values[y * side * width! * channels + x] = toByte(value);
  }
  return { values: new Uint8Array(values.buffer), height: side * height!, width: side * width!, channels };
}

function spread(numbers: Float32Array): (value: number) => number {
  const [least, most] = [numbers.reduce((a, b) => Math.min(a, b)), numbers.reduce((a, b) => Math.max(a, b))];
  return (value) => (255 * (value - least)) / (most - least || 1);
}
