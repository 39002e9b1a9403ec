import type { InputEncoding, TensorEncoding } from '../spec/preprocess.ts';
import { size } from '../spec/shapes.ts';

type CategoryEncoding = Extract<InputEncoding, { type: 'category' }>;
type SingleEncoding = Exclude<InputEncoding, CategoryEncoding | TensorEncoding>;

/** The one number that a number or a boolean (0 or 1) becomes. NaN is missing: it takes the fill, if there is one. */
export function encodeNumber(encoding: SingleEncoding, value: number): number {
  const known = Number.isNaN(value) && encoding.fill !== undefined ? encoding.fill : value;
  return encoding.type === 'boolean' ? known : (known - encoding.mean) / encoding.std;
}

/**
 * Which place of a category's one-hot is 1. What is missing, and a class that the training split lacked, take the
 * “missing” place; without one it is −1, for no place.
 */
export function placeFinder(encoding: CategoryEncoding): (label: string | undefined) => number {
  const places = new Map(encoding.classes.map((name, place) => [name, place]));
  const otherwise = encoding.missingClass ? encoding.classes.length : -1;
  return (label) => (label === undefined ? otherwise : (places.get(label) ?? otherwise));
}

/**
 * Encodes tensors one at a time: `encode(source, from, target, to)` reads a tensor's numbers from `from` on, and
 * writes as many from `to` on. It answers whether all of them fit into float32.
 */
export function tensorEncoder({ shape, scale, mean, std }: TensorEncoding) {
  const width = size(shape);
  const channels = mean.length;
  const factors = Float64Array.from(std, (each) => scale / each);
  const shifts = Float64Array.from(mean, (each, channel) => each / std[channel]!);
  return (source: ArrayLike<number>, from: number, target: Float32Array, to: number): boolean => {
    let finite = true;
    for (let channel = 0; channel < channels; channel++) {
      const factor = factors[channel]!;
      const shift = shifts[channel]!;
      for (let i = channel; i < width; i += channels) {
        const encoded = Math.fround(source[from + i]! * factor - shift);
        target[to + i] = encoded;
        if (!Number.isFinite(encoded)) finite = false;
      }
    }
    return finite;
  };
}

/** Whether a number survives as a float32: larger ones become infinite there. */
export function fitsFloat32(value: number): boolean {
  return Number.isFinite(Math.fround(value));
}
