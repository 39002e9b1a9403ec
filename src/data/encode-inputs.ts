import type { PredictionInput } from '../spec/prediction.ts';
import { encodedWidth, type Preprocess, targetNames, tensorOf } from '../spec/preprocess.ts';
import type { ProblemError } from '../spec/resource/problem.ts';
import { placeColumns } from './input-columns.ts';
import type { InputValue, PlacedColumn } from './input-value.ts';
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

/**
 * Encodes what a prediction is asked for as the training rows were. A row names every input column and no other;
 * a list has one number an input column, in the model's order. A tensor is nested lists of numbers, by name or alone.
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
  // Gathered one by one: a few wrong inputs mustn't take the memory of as many right ones.
  const rows: Float32Array[] = [];
  const problems = new Problems();
  const model = {
    columns: placeColumns(preprocess.inputs),
    isTensor: tensorOf(preprocess.inputs) !== undefined,
    names: new Set(preprocess.inputs.map(({ name }) => name)),
    targets: targetNames(preprocess.target),
  };
  for (const [i, input] of inputs.entries()) {
    if (problems.areMany) break;
    const row = new Float32Array(width);
    for (const { column, value, pointer } of valuesOf(input, i, model, problems)) {
      const fault = column.write(value, row);
      if (fault) problems.add(pointer + pointerTo(...fault.at), fault.message);
    }
    if (problems.found.length === 0) rows.push(row);
  }
  if (problems.found.length > 0) throw new InputError(problems.found);
  const x = new Float32Array(rows.length * width);
  for (const [i, row] of rows.entries()) x.set(row, i * width);
  return { x, count: inputs.length, width };
}

interface Model {
  readonly columns: readonly PlacedColumn[];
  /** Whether the one column is a tensor. */
  readonly isTensor: boolean;
  readonly names: ReadonlySet<string>;
  readonly targets: readonly string[];
}

interface PlacedValue {
  readonly column: PlacedColumn;
  readonly value: InputValue;
  readonly pointer: string;
}

function valuesOf(input: PredictionInput, index: number, model: Model, problems: Problems): PlacedValue[] {
  if (Array.isArray(input) && model.isTensor)
    return [{ column: model.columns[0]!, value: input, pointer: pointerTo('inputs', index) }];
  if (Array.isArray(input)) return listedValues(input, index, model.columns, problems);
  refuseUnknown(input, index, model, problems);
  return namedValues(input, index, model.columns, problems);
}

function namedValues(
  row: Readonly<Record<string, InputValue>>,
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
  numbers: readonly InputValue[],
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
  row: Readonly<Record<string, InputValue>>,
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
