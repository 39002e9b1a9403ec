import type { InputEncoding } from '../spec/preprocess.ts';

type CategoryEncoding = Extract<InputEncoding, { type: 'category' }>;
type SingleEncoding = Exclude<InputEncoding, CategoryEncoding>;

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

/** Whether a number survives as a float32: larger ones become infinite there. */
export function fitsFloat32(value: number): boolean {
  return Number.isFinite(Math.fround(value));
}
