import type { Numbers } from './readers/arrays.ts';

/** Data in memory, a typed array a column: 8 bytes a number, 4 a class, nothing per row. */

export interface NumberColumn {
  readonly kind: 'numbers';
  /** NaN is missing. Booleans are 0 and 1. */
  readonly values: Float64Array;
}

export interface ClassColumn {
  readonly kind: 'classes';
  /** Positions in `classes`; −1 is missing. */
  readonly codes: Int32Array;
  /** In the order in which the file brought them. */
  readonly classes: readonly string[];
}

export interface TensorColumn {
  readonly kind: 'tensor';
  /** [rows × size of the shape], in the file's own type. No number is missing. */
  readonly values: Numbers;
  readonly shape: readonly number[];
}

export type TableColumn = NumberColumn | ClassColumn | TensorColumn;

export interface Table {
  readonly rows: number;
  readonly columns: ReadonlyMap<string, TableColumn>;
}

/** The numbers of a column; those that its classes stand for, where it was loaded to be classified. */
export function numbersOf(table: Table, name: string): NumberColumn {
  const column = table.columns.get(name);
  if (column?.kind === 'classes') return { kind: 'numbers', values: namedNumbers(column) };
  if (column?.kind !== 'numbers') throw new Error(`“${name}” wasn’t loaded as numbers`);
  return column;
}

function namedNumbers({ codes, classes }: ClassColumn): Float64Array {
  const numbers = classes.map((name) =>
    name === 'true' || name === 'false' ? Number(name === 'true') : Number(name),
  );
  return Float64Array.from(codes, (code) => numbers[code] ?? Number.NaN);
}

export function classesOf(table: Table, name: string): ClassColumn {
  const column = table.columns.get(name);
  if (column?.kind !== 'classes') throw new Error(`“${name}” wasn’t loaded as classes`);
  return column;
}

export function tensorsOf(table: Table, name: string): TensorColumn {
  const column = table.columns.get(name);
  if (column?.kind !== 'tensor') throw new Error(`“${name}” wasn’t loaded as tensors`);
  return column;
}

export function isMissingAt(column: TableColumn, row: number): boolean {
  switch (column.kind) {
    case 'numbers':
      return Number.isNaN(column.values[row]);
    case 'classes':
      return column.codes[row] === -1;
    case 'tensor':
      return false;
  }
}
