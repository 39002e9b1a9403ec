import { DataError } from '../../data-error.ts';
import { ELEMENTS, type Element } from './elements.ts';

/** What an IDX file says of itself: `count` rows of numbers, each of this shape. */
export interface IdxHeader {
  readonly element: Element;
  readonly count: number;
  /** Without the rows' own axis; empty for one number a row. */
  readonly shape: readonly number[];
}

/** How many bytes a header has: four, and four for each dimension, whose number is the fourth byte. */
export const MAGIC_BYTES = 4;
export const DIMENSION_BYTES = 4;
const MAX_RANK = 4;

/** How messages name a file, and what they add where its beginning can't be read. */
export interface FileName {
  readonly name: string;
  readonly hint: string;
}

/**
 * Reads the magic bytes: two zeros, the type code, and the number of dimensions.
 * @throws DataError for what is no IDX file
 */
export function readMagic(magic: Buffer, { name: file, hint }: FileName): { element: Element; rank: number } {
  if (magic[0] !== 0 || magic[1] !== 0)
    throw new DataError(`${file} isn’t an IDX file: it must begin with two bytes of 0${hint}`);
  const element = ELEMENTS.get(magic[2]!);
  if (!element) {
    const codes = [...ELEMENTS].map(([code, { name }]) => `${hex(code)} ${name}`).join(', ');
    throw new DataError(`${file} has the type code ${hex(magic[2]!)}, and there are ${codes}${hint}`);
  }
  const rank = magic[3]!;
  if (rank < 1 || rank > MAX_RANK)
    throw new DataError(`${file} has ${rank} dimensions, and 1 to ${MAX_RANK} are taken${hint}`);
  return { element, rank };
}

/** @throws DataError for a dimension of 0 */
export function readDimensions(content: Buffer, element: Element, { name, hint }: FileName): IdxHeader {
  const dimensions = Array.from({ length: content.length / DIMENSION_BYTES }, (_, i) =>
    content.readUInt32BE(i * DIMENSION_BYTES),
  );
  if (dimensions.includes(0))
    throw new DataError(`${name} holds nothing: its dimensions are ${dimensions.join(' × ')}${hint}`);
  const [count, ...shape] = dimensions as [number, ...number[]];
  return { element, count, shape };
}

/** How many bytes of numbers the header promises. Inexact where it is beyond all bounds, and beyond them still. */
export function contentBytes({ element, count, shape }: IdxHeader): number {
  return shape.reduce((product, n) => product * n, count * element.bytes);
}

function hex(code: number): string {
  return code.toString(16).toUpperCase().padStart(2, '0');
}
