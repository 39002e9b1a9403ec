import { DataError } from '../data-error.ts';

/** A cell as the file has it: text in a CSV, any of these in JSON. Null is missing. */
export type RawValue = string | number | boolean | null;

export interface Row {
  /** Where the row ends in the file, counted from 1. */
  readonly line: number;
  /** In the order of the batch's columns. A short row lacks its last values. */
  readonly values: readonly RawValue[];
}

/** Rows come in batches: one promise a batch costs nothing, one promise a row would cost more than the row. */
export interface RowBatch {
  /** The columns found so far. Those of a CSV are all known at once; JSON rows may bring new ones, at the end. */
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  /** Whether values bring their types along (JSON), or are text to be read as numbers where they look so (CSV). */
  readonly typed: boolean;
}

/** Bounds on what one row may take, so that no file can fill the memory. */
export const MAX_ROW_BYTES = 1024 * 1024;
export const MAX_COLUMNS = 10_000;
/** And on a table: a few bytes can stand for a row of many columns, and a row for a few bytes. */
export const MAX_ROWS = 20_000_000;
export const MAX_CELLS = 250_000_000;
const MAX_NAME_LENGTH = 100;

/** @throws DataError for a name that can't stand for a column */
export function checkColumnName(name: string, line: number): void {
  if (name === '') throw new DataError('a column has no name', { line });
  if (name.length > MAX_NAME_LENGTH)
    throw new DataError(`the name of a column is longer than ${MAX_NAME_LENGTH} characters`, {
      line,
      column: `${name.slice(0, 20)}…`,
    });
}

export function tooManyColumns(line: number): DataError {
  return new DataError(`there are more than ${MAX_COLUMNS} columns`, { line });
}

export function rowTooLong(line: number, hint = ''): DataError {
  return new DataError(`the row is longer than ${MAX_ROW_BYTES / 1024 / 1024} MiB${hint}`, { line });
}
