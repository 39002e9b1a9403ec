import type { PredictionInput } from '../spec/prediction.ts';
import {
  encodedWidth,
  encodingWidth,
  type InputEncoding,
  type Preprocess,
  targetNames,
} from '../spec/preprocess.ts';
import type { ProblemError } from '../spec/resource/problem.ts';
import { quoted } from './data-error.ts';
import { encodeNumber, fitsFloat32, placeFinder } from './encoding.ts';
import { suggestion } from './nearest-name.ts';
import { Problems, pointerTo } from './problems.ts';

/** Inputs that can't be predicted on. Pointers go into the request: `/inputs/3/water`. */
export class InputError extends Error {
  override readonly name = 'InputError';
  readonly errors: readonly ProblemError[];

  constructor(errors: readonly ProblemError[]) {
    super(errors.map(({ pointer, message }) => `${pointer}: ${message}`).join('; '));
    this.errors = errors;
  }
}

type Value = string | number | boolean | null;

/**
 * Encodes what a prediction is asked for as the training rows were. A row names every input column and no other;
 * a list has one number an input column, in the model's order.
 *
 * JSON tells numbers from text, so `"7"` is no number here, even where a CSV's 7 was. A category is named by its
 * text, or by the number or boolean that reads the same; a boolean column takes true, false, 0 and 1. Null is
 * missing: only a model that was trained with `missing: mean` takes it.
 * @returns `x`: [count × width]
 * @throws InputError with a pointer to each fault
 */
export function encodeInputs(
  preprocess: Preprocess,
  inputs: readonly PredictionInput[],
): { x: Float32Array; count: number; width: number } {
  const width = encodedWidth(preprocess.inputs);
  const x = new Float32Array(inputs.length * width);
  const problems = new Problems();
  const model = {
    columns: placeColumns(preprocess.inputs),
    names: new Set(preprocess.inputs.map(({ name }) => name)),
    targets: targetNames(preprocess.target),
  };
  for (const [i, input] of inputs.entries()) {
    if (problems.areMany) break;
    const row = x.subarray(i * width, (i + 1) * width);
    for (const { column, value, pointer } of valuesOf(input, i, model, problems)) {
      const problem = column.write(value, row);
      if (problem !== undefined) problems.add(pointer, problem);
    }
  }
  if (problems.found.length > 0) throw new InputError(problems.found);
  return { x, count: inputs.length, width };
}

interface PlacedColumn {
  readonly name: string;
  /** Writes the encoded value into its place in a row; answers what is wrong with it, if anything is. */
  readonly write: (value: Value, row: Float32Array) => string | undefined;
}

interface Model {
  readonly columns: readonly PlacedColumn[];
  readonly names: ReadonlySet<string>;
  readonly targets: readonly string[];
}

interface PlacedValue {
  readonly column: PlacedColumn;
  readonly value: Value;
  readonly pointer: string;
}

function placeColumns(encodings: readonly InputEncoding[]): PlacedColumn[] {
  let next = 0;
  return encodings.map((encoding) => {
    const offset = next;
    next += encodingWidth(encoding);
    return { name: encoding.name, write: writer(encoding, offset) };
  });
}

function writer(encoding: InputEncoding, offset: number): PlacedColumn['write'] {
  if (encoding.type === 'category') return categoryWriter(encoding, offset);
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

function categoryWriter(
  encoding: Extract<InputEncoding, { type: 'category' }>,
  offset: number,
): PlacedColumn['write'] {
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
function numberOf(value: Value): number | string {
  if (value === null) return Number.NaN;
  if (typeof value !== 'number')
    return `must be a number, not ${typeof value === 'string' ? 'text' : 'a boolean'}`;
  return Number.isFinite(value) ? value : 'must be a finite number';
}

/** 0, 1, NaN for a missing one, or what is wrong. */
function booleanOf(value: Value): number | string {
  if (value === null) return Number.NaN;
  if (typeof value === 'boolean' || value === 0 || value === 1) return Number(value);
  return 'must be true or false';
}

function valuesOf(input: PredictionInput, index: number, model: Model, problems: Problems): PlacedValue[] {
  if (Array.isArray(input)) return listedValues(input, index, model.columns, problems);
  refuseUnknown(input, index, model, problems);
  return namedValues(input, index, model.columns, problems);
}

function namedValues(
  row: Readonly<Record<string, Value>>,
  index: number,
  columns: readonly PlacedColumn[],
  problems: Problems,
): PlacedValue[] {
  return columns.flatMap((column) => {
    const pointer = pointerTo('inputs', index, column.name);
    if (Object.hasOwn(row, column.name)) return { column, value: row[column.name]!, pointer };
    problems.add(pointer, `the column “${column.name}” is missing`);
    return [];
  });
}

function listedValues(
  numbers: readonly number[],
  index: number,
  columns: readonly PlacedColumn[],
  problems: Problems,
): PlacedValue[] {
  if (numbers.length === columns.length)
    return columns.map((column, i) => ({
      column,
      value: numbers[i]!,
      pointer: pointerTo('inputs', index, i),
    }));
  const message = `the list has ${numbers.length} numbers, and the model takes ${columns.length}`;
  problems.add(pointerTo('inputs', index), message);
  return [];
}

function refuseUnknown(
  row: Readonly<Record<string, Value>>,
  index: number,
  { names, targets }: Model,
  problems: Problems,
): void {
  for (const name of Object.keys(row)) {
    if (names.has(name) || problems.areMany) continue;
    const what = targets.includes(name)
      ? 'is what the model predicts; leave it out'
      : `is no input of the model${suggestion(name, [...names])}`;
    problems.add(pointerTo('inputs', index, name), `“${name}” ${what}`);
  }
}
