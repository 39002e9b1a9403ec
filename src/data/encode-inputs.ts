import type { InputList, InputRow, PredictionInput } from '../spec/prediction.ts';
import { encodedWidth, inputShapeOf, type Preprocess, targetNames, tensorOf } from '../spec/preprocess.ts';
import type { ProblemError } from '../spec/resource/problem.ts';
import { size } from '../spec/shapes.ts';
import { placeColumns } from './input-columns.ts';
import { describeValue, type InputValue, type PlacedColumn } from './input-value.ts';
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
 * a list has one number an input column, in the model's order. A tensor is nested lists of numbers, by name or
 * alone; a picture may be a PNG or JPEG in base64. Of a series, an input is a list of such rows, the earliest first; a
 * row of one column may be the number alone.
 *
 * JSON tells numbers from text, so `"7"` is no number here, even where a CSV's 7 was. A category is named by its
 * text, or by the number or boolean that reads the same; a boolean column takes true, false, 0 and 1. Null is
 * missing: only a model that was trained with `missing: mean` takes it.
 * @returns `x`: [count × width]
 * @throws InputError with a pointer to each fault
 */
export async function encodeInputs(
  preprocess: Preprocess,
  inputs: readonly PredictionInput[],
): Promise<{ x: Float32Array; count: number; width: number }> {
  const width = size(inputShapeOf(preprocess));
  const encoder = new InputEncoder(preprocess);
  // Gathered one by one: a few wrong inputs mustn't take the memory of as many right ones.
  const encoded: Float32Array[] = [];
  for (const [i, input] of inputs.entries()) {
    if (encoder.problems.areMany) break;
    const numbers = new Float32Array(width);
    await encoder.encode(input, pointerTo('inputs', i), numbers);
    if (encoder.problems.found.length === 0) encoded.push(numbers);
  }
  if (encoder.problems.found.length > 0) throw new InputError(encoder.problems.found);
  const x = new Float32Array(encoded.length * width);
  for (const [i, numbers] of encoded.entries()) x.set(numbers, i * width);
  return { x, count: inputs.length, width };
}

class InputEncoder {
  readonly problems = new Problems();
  private readonly window: Preprocess['window'];
  private readonly columns: readonly PlacedColumn[];
  /** Whether the one column is a tensor. */
  private readonly isTensor: boolean;
  private readonly names: ReadonlySet<string>;
  private readonly targets: readonly string[];
  private readonly rowWidth: number;

  constructor({ inputs, target, window }: Preprocess) {
    this.window = window;
    this.columns = placeColumns(inputs);
    this.isTensor = tensorOf(inputs) !== undefined;
    this.names = new Set(inputs.map(({ name }) => name));
    this.targets = targetNames(target);
    this.rowWidth = encodedWidth(inputs);
  }

  /** @param pointer where the input stands in the request */
  async encode(input: PredictionInput, pointer: string, numbers: Float32Array): Promise<void> {
    if (this.window) await this.encodeWindow(input, this.window.length, pointer, numbers);
    else await this.encodeRow(input, pointer, numbers);
  }

  private async encodeWindow(
    input: PredictionInput,
    length: number,
    pointer: string,
    numbers: Float32Array,
  ): Promise<void> {
    if (!Array.isArray(input) || input.length !== length) {
      const message = `a list of ${length} rows is expected here, the earliest first, and this is ${describeValue(input)}`;
      this.problems.add(pointer, message);
      return;
    }
    for (const [i, row] of input.entries()) {
      const listed = typeof row === 'number' && this.columns.length === 1 ? [row] : row;
      const place = numbers.subarray(i * this.rowWidth, (i + 1) * this.rowWidth);
      if (typeof listed === 'object') await this.encodeRow(listed, pointer + pointerTo(i), place);
      else this.problems.add(pointer + pointerTo(i), `a row is expected here, and this is ${listed}`);
    }
  }

  private async encodeRow(row: PredictionInput, pointer: string, numbers: Float32Array): Promise<void> {
    for (const { column, value, pointer: place } of this.valuesOf(row, pointer)) {
      const written = column.write(value, numbers);
      // A promise for each number would cost more than the number.
      const fault = written instanceof Promise ? await written : written;
      if (fault) this.problems.add(place + pointerTo(...fault.at), fault.message);
    }
  }

  private valuesOf(row: PredictionInput, pointer: string): PlacedValue[] {
    if (typeof row === 'string') return this.textValue(row, pointer);
    if (!Array.isArray(row)) {
      this.refuseUnknown(row, pointer);
      return this.namedValues(row, pointer);
    }
    return this.isTensor
      ? [{ column: this.columns[0]!, value: row, pointer }]
      : this.listedValues(row, pointer);
  }

  /** Text alone stands for a picture. */
  private textValue(text: string, pointer: string): PlacedValue[] {
    if (this.isTensor) return [{ column: this.columns[0]!, value: text, pointer }];
    this.problems.add(pointer, 'a row is expected here, and this is text');
    return [];
  }

  private namedValues(row: InputRow, pointer: string): PlacedValue[] {
    return this.columns.flatMap((column) => {
      const place = pointer + pointerTo(column.name);
      if (Object.hasOwn(row, column.name)) return { column, value: row[column.name]!, pointer: place };
      this.problems.add(place, `the column “${column.name}” is missing`);
      return [];
    });
  }

  private listedValues(list: InputList, pointer: string): PlacedValue[] {
    const { columns } = this;
    if (list.length === columns.length)
      return columns.map((column, i) => ({ column, value: list[i]!, pointer: pointer + pointerTo(i) }));
    this.problems.add(pointer, `the list has ${list.length} numbers, and the model takes ${columns.length}`);
    return [];
  }

  private refuseUnknown(row: InputRow, pointer: string): void {
    for (const name of Object.keys(row)) {
      if (this.names.has(name) || this.problems.areMany) continue;
      const what = this.targets.includes(name)
        ? 'is what the model predicts; leave it out'
        : `is no input of the model${suggestion(name, [...this.names])}`;
      this.problems.add(pointer + pointerTo(name), `“${name}” ${what}`);
    }
  }
}

interface PlacedValue {
  readonly column: PlacedColumn;
  readonly value: InputValue;
  readonly pointer: string;
}
