import type { SplitName } from '../split-names.ts';

/** The numbers of a file, in a typed array of their own kind. */
export type Numbers =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

/** Of which kind the numbers of an array are once they are read. */
export interface NumberKind {
  readonly name: string;
  readonly integer: boolean;
  make(count: number): Numbers;
}

/** `count` rows of numbers, each of this shape: the tensors of a data set, or their labels. */
export interface ArrayFile {
  readonly holds: 'images' | 'labels';
  readonly element: NumberKind;
  readonly count: number;
  /** Without the rows' own axis; empty for one number a row. */
  readonly shape: readonly number[];
  /** The row, from 0 in the whole data set, that is the file's first. */
  readonly firstRow: number;
  /** Which split its rows come as, where the file says so itself. */
  readonly part?: SplitName;
  /** Its numbers can be gone through once; what is left of them is passed over. */
  numbers(): AsyncIterable<Numbers>;
}

/** The most numbers of one tensor: 1024 × 1024. A row of a table is bounded too. */
export const MAX_IMAGE_NUMBERS = 1024 * 1024;
