import type { NestedNumbers } from '../spec/prediction.ts';

/** What a prediction may be asked for in the place of a column. */
export type InputCell = string | number | boolean | null;
export type InputValue = InputCell | NestedNumbers;

/** What is wrong with a value, and where within it: `[3]` is the fourth of its list, `[]` all of it. */
export interface Fault {
  readonly at: readonly number[];
  readonly message: string;
}

/** A column with its place in an encoded row. */
export interface PlacedColumn {
  readonly name: string;
  /** Writes the encoded value into its place in a row; answers what is wrong with it, if anything is. */
  readonly write: (value: InputValue, row: Float32Array) => Fault | undefined;
}
