import { encodingWidth, type InputEncoding } from '../spec/preprocess.ts';
import { quoted } from './data-error.ts';
import { encodeNumber, fitsFloat32, placeFinder } from './encoding.ts';
import type { InputCell, PlacedColumn } from './input-value.ts';
import { suggestion } from './nearest-name.ts';
import { tensorWriter } from './tensor-input.ts';

export function placeColumns(encodings: readonly InputEncoding[]): PlacedColumn[] {
  let next = 0;
  return encodings.map((encoding) => {
    const offset = next;
    next += encodingWidth(encoding);
    return { name: encoding.name, write: writer(encoding, offset) };
  });
}

function writer(encoding: InputEncoding, offset: number): PlacedColumn['write'] {
  if (encoding.type === 'tensor') return tensorWriter(encoding, offset);
  const write =
    encoding.type === 'category' ? categoryWriter(encoding, offset) : numberWriter(encoding, offset);
  return (value, row) => {
    const message = Array.isArray(value) ? 'must be a single value, not a list' : write(value, row);
    return message === undefined ? undefined : { at: [], message };
  };
}

/** Answers what is wrong, if anything is. */
type CellWriter = (value: InputCell, row: Float32Array) => string | undefined;

function numberWriter(
  encoding: Extract<InputEncoding, { type: 'number' | 'boolean' }>,
  offset: number,
): CellWriter {
  return (value, row) => {
    const number = encoding.type === 'boolean' ? booleanOf(value) : numberOf(value);
    if (typeof number === 'string') return number;
    if (Number.isNaN(number) && encoding.fill === undefined) return NO_FILL;
    const encoded = encodeNumber(encoding, number);
    if (!fitsFloat32(encoded)) return `${value} is too large`;
    row[offset] = encoded;
    return undefined;
  };
}

function categoryWriter(encoding: Extract<InputEncoding, { type: 'category' }>, offset: number): CellWriter {
  const placeOf = placeFinder(encoding);
  return (value, row) => {
    const place = placeOf(value === null ? undefined : String(value).trim());
    if (place >= 0) row[offset + place] = 1;
    else if (value === null) return NO_FILL;
    else return `the training data had no ${quoted(value)}${suggestion(String(value), encoding.classes)}`;
    return undefined;
  };
}

const NO_FILL = 'a value is missing, and the model wasn’t trained to fill it in (missing: mean)';

/** The number, NaN for a missing one, or what is wrong. */
function numberOf(value: InputCell): number | string {
  if (value === null) return Number.NaN;
  if (typeof value !== 'number')
    return `must be a number, not ${typeof value === 'string' ? 'text' : 'a boolean'}`;
  return Number.isFinite(value) ? value : 'must be a finite number';
}

/** 0, 1, NaN for a missing one, or what is wrong. */
function booleanOf(value: InputCell): number | string {
  if (value === null) return Number.NaN;
  if (typeof value === 'boolean' || value === 0 || value === 1) return Number(value);
  return 'must be true or false';
}
