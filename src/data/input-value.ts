import type { InputList, InputRow } from '../spec/prediction.ts';

/** What a prediction may be asked for in the place of a column. */
export type InputCell = string | number | boolean | null;
/** Rows stand only where a window's are expected; anywhere else they are a fault. */
export type InputValue = InputCell | InputList | InputRow;

/** What is wrong with a value, and where within it: `[3]` is the fourth of its list, `[]` all of it. */
export interface Fault {
  readonly at: readonly number[];
  readonly message: string;
}

/** A column with its place in an encoded row. */
export interface PlacedColumn {
  readonly name: string;
  /**
   * Writes the encoded value into its place in a row; answers what is wrong with it, if anything is. Only a
   * picture that is decoded takes a while.
   */
  readonly write: (value: InputValue, row: Float32Array) => Fault | undefined | Promise<Fault | undefined>;
}

/** How a message names what stands where something else is expected. */
export function describeValue(value: InputValue): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value === null) return 'null';
  switch (typeof value) {
    case 'number':
      return String(value);
    case 'string':
      return 'text';
    case 'boolean':
      return 'a boolean';
    default:
      return 'an object';
  }
}
