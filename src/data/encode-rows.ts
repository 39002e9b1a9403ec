import {
  encodedWidth,
  encodingWidth,
  type FittedPreprocess,
  type InputEncoding,
  type TargetEncoding,
  type TensorEncoding,
} from '../spec/preprocess.ts';
import { DataError } from './data-error.ts';
import { encodeNumber, fitsFloat32, placeFinder, tensorEncoder } from './encoding.ts';
import type { Examples } from './examples.ts';
import type { SeriesSplit } from './series.ts';
import { classesOf, numbersOf, type Table, tensorsOf } from './table.ts';

/**
 * Encodes rows of a table as the network takes them, each an example. A category that the training split lacked is
 * all zeros, or “missing” where there is such a class.
 * @throws DataError for a number that float32 can't hold
 */
export function encodeRows(preprocess: FittedPreprocess, table: Table, rows: Uint32Array): Examples {
  const { x, width } = encodeInputRows(preprocess, table, rows);
  return { count: rows.length, width, x, ...encodeTargets(preprocess, table, rows) };
}

/**
 * Encodes the windows of a split of a series. Its rows are encoded once, and windows that overlap share them. A
 * missing number that nothing fills is NaN, and no window holds it.
 * @throws DataError for a number that float32 can't hold
 */
export function encodeWindows(preprocess: FittedPreprocess, table: Table, split: SeriesSplit): Examples {
  const { x, width } = encodeInputRows(preprocess, table, split.rows);
  return {
    count: split.starts.length,
    width: width * preprocess.window!.length,
    x,
    offsets: split.starts.map((start) => start * width),
    ...encodeTargets(preprocess, table, split.targets),
  };
}

function encodeInputRows(
  preprocess: FittedPreprocess,
  table: Table,
  rows: Uint32Array,
): Pick<Examples, 'x' | 'width'> {
  const width = encodedWidth(preprocess.inputs);
  const x = new Float32Array(rows.length * width);
  let offset = 0;
  for (const input of preprocess.inputs) {
    encodeInput(input, table, rows, { data: x, width, offset });
    offset += encodingWidth(input);
  }
  return { x, width };
}

function encodeTargets(
  { target }: FittedPreprocess,
  table: Table,
  rows: Uint32Array,
): Pick<Examples, 'y' | 'units'> {
  const units = storedUnits(target);
  return { units, y: encodeTarget(target, table, rows, units) };
}

/** How many numbers of its target an example has from its row: none where the training makes them of the input. */
function storedUnits(target: TargetEncoding): number {
  switch (target.type) {
    case 'category':
      return target.classes.length;
    case 'labels':
      return target.names.length;
    case 'input':
    case 'turn':
    case 'truth':
    case 'example':
      return 0;
    case 'number':
    case 'sameness':
      return 1;
  }
}

/** Where a column's numbers go: from `offset` on in each row of `width` numbers. */
interface Place {
  readonly data: Float32Array;
  readonly width: number;
  readonly offset: number;
}

function encodeInput(input: InputEncoding, table: Table, rows: Uint32Array, place: Place): void {
  if (input.type === 'tensor') writeTensors(table, input, rows, place);
  else if (input.type === 'category') writeClasses(table, input.name, placeFinder(input), rows, place);
  else writeNumbers(table, input.name, (value) => encodeNumber(input, value), rows, place);
}

function encodeTarget(target: TargetEncoding, table: Table, rows: Uint32Array, units: number): Float32Array {
  const place = { data: new Float32Array(rows.length * units), width: units, offset: 0 };
  switch (target.type) {
    case 'category':
      writeClasses(table, target.name, placeFinder({ ...target, missingClass: false }), rows, place);
      break;
    case 'labels':
      for (const [offset, name] of target.names.entries())
        writeNumbers(table, name, (flag) => flag, rows, { ...place, offset });
      break;
    case 'sameness':
      writeGroups(table, target.name, rows, place.data);
      break;
    case 'input':
    case 'turn':
    case 'truth':
    case 'example':
      break;
    case 'number':
      writeNumbers(table, target.name, (value) => (value - target.mean) / target.std, rows, place);
  }
  return place.data;
}

/** Rows of one value have one number. */
function writeGroups(table: Table, name: string, rows: Uint32Array, data: Float32Array): void {
  const { codes } = classesOf(table, name);
  for (const [i, row] of rows.entries()) data[i] = codes[row]!;
}

function writeNumbers(
  table: Table,
  name: string,
  encode: (value: number) => number,
  rows: Uint32Array,
  { data, width, offset }: Place,
): void {
  const { values } = numbersOf(table, name);
  for (const [i, row] of rows.entries()) {
    const number = encode(values[row]!);
    if (!fitsFloat32(number) && !Number.isNaN(number))
      throw new DataError(`${values[row]} is too large`, { column: name });
    data[i * width + offset] = number;
  }
}

function writeTensors(
  table: Table,
  encoding: TensorEncoding,
  rows: Uint32Array,
  { data, width, offset }: Place,
): void {
  const { values } = tensorsOf(table, encoding.name);
  const encode = tensorEncoder(encoding);
  const size = encodingWidth(encoding);
  for (let i = 0; i < rows.length; i++) {
    if (!encode(values, rows[i]! * size, data, i * width + offset))
      throw new DataError(`row ${rows[i]! + 1} has a number that is too large`, { column: encoding.name });
  }
}

function writeClasses(
  table: Table,
  name: string,
  placeOf: (label: string | undefined) => number,
  rows: Uint32Array,
  { data, width, offset }: Place,
): void {
  const { codes, classes } = classesOf(table, name);
  const places = classes.map(placeOf);
  const missing = placeOf(undefined);
  for (const [i, row] of rows.entries()) {
    const place = places[codes[row]!] ?? missing;
    if (place >= 0) data[i * width + offset + place] = 1;
  }
}
