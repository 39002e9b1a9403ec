import { toJsonNumber } from '../spec/common.ts';
import type { DecodedRow, DecodedValue } from '../spec/prediction.ts';
import { encodedWidth, encodingWidth, type InputEncoding, type Preprocess } from '../spec/preprocess.ts';
import { size } from '../spec/shapes.ts';

/**
 * Undoes the encoding of one example, so that it reads as an input does: by column, in the data's own units. The
 * numbers need not be those of a row: a category is the class with the greatest, null where that is “missing”, and
 * a boolean is true from ½ on.
 * @returns a row; of a series its rows, the earliest first
 */
export function decodeInput(
  { inputs, window }: Pick<Preprocess, 'inputs' | 'window'>,
  numbers: Float64Array,
): DecodedRow | DecodedRow[] {
  if (!window) return decodeRow(inputs, numbers);
  const width = encodedWidth(inputs);
  return Array.from({ length: window.length }, (_, i) =>
    decodeRow(inputs, numbers.subarray(i * width, (i + 1) * width)),
  );
}

function decodeRow(inputs: readonly InputEncoding[], numbers: Float64Array): DecodedRow {
  let next = 0;
  const values = inputs.map((input) => {
    const start = next;
    next += encodingWidth(input);
    return [input.name, decodeValue(input, numbers.subarray(start, next))] as const;
  });
  return Object.fromEntries(values);
}

function decodeValue(input: InputEncoding, numbers: Float64Array): DecodedValue {
  switch (input.type) {
    case 'number':
      return toJsonNumber(numbers[0]! * input.std + input.mean);
    case 'boolean':
      return numbers[0]! >= 0.5;
    case 'category':
      return input.classes[numbers.indexOf(Math.max(...numbers))] ?? null;
    case 'tensor': {
      const { mean, std, scale, shape } = input;
      const own = (number: number, i: number) =>
        toJsonNumber((number * std[i % std.length]! + mean[i % mean.length]!) / scale);
      return nested(Array.from(numbers, own), shape);
    }
  }
}

/** `[2, 2]` makes `[[0, 1], [2, 3]]` of 0, 1, 2, 3. */
function nested(values: DecodedValue[], shape: readonly number[]): DecodedValue[] {
  const [length, ...inner] = shape as [number, ...number[]];
  if (inner.length === 0) return values;
  const width = size(inner);
  return Array.from({ length }, (_, i) => nested(values.slice(i * width, (i + 1) * width), inner));
}
