import type { TensorEncoding } from '../spec/preprocess.ts';
import { size } from '../spec/shapes.ts';
import { tensorEncoder } from './encoding.ts';
import type { Fault, InputValue, PlacedColumn } from './input-value.ts';

/**
 * Writes a tensor that comes as nested lists of numbers, in the file's own units: 0 … 255 for bytes. An axis of 1
 * at the end may be left out: a 28 × 28 × 1 picture may come as 28 lists of 28 numbers.
 */
export function tensorWriter(encoding: TensorEncoding, offset: number): PlacedColumn['write'] {
  const { shape } = encoding;
  const numbers = new Float64Array(size(shape));
  const encode = tensorEncoder(encoding);
  return (value, row) => {
    const fault = flatten(value, shape, numbers);
    if (fault) return fault;
    return encode(numbers, 0, row, offset)
      ? undefined
      : { at: [], message: 'it has a number that is too large' };
  };
}

/** Writes nested lists out one number after another; answers the first place where they don't have the shape. */
function flatten(value: InputValue, shape: readonly number[], numbers: Float64Array): Fault | undefined {
  const at: number[] = [];
  const fault = (message: string): Fault => ({ at: [...at], message });
  let next = 0;

  function visit(part: InputValue): Fault | undefined {
    const expected = shape[at.length];
    if (expected === undefined || (typeof part === 'number' && isLastAxisOfOne())) return take(part);
    if (!Array.isArray(part) || part.length !== expected)
      return fault(`${listOf(at.length)} is expected here, and this is ${describe(part)}`);
    for (const [i, each] of part.entries()) {
      at.push(i);
      const found = visit(each);
      if (found) return found;
      at.pop();
    }
    return undefined;
  }

  function take(part: InputValue): Fault | undefined {
    if (typeof part !== 'number' || !Number.isFinite(part))
      return fault(`a finite number is expected here, and this is ${describe(part)}`);
    numbers[next++] = part;
    return undefined;
  }

  const isLastAxisOfOne = () => at.length > 0 && at.length === shape.length - 1 && shape.at(-1) === 1;

  /** `a list of 28 × 28 × 1`, or what is left of the shape at this depth. */
  const listOf = (depth: number) => `a list of ${shape.slice(depth).join(' × ')}`;

  return visit(value);
}

function describe(part: InputValue): string {
  if (Array.isArray(part)) return `a list of ${part.length}`;
  if (typeof part === 'number') return String(part);
  if (typeof part === 'string') return 'text';
  return part === null ? 'null' : 'a boolean';
}
