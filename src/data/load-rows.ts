import { isMissing, toBoolean, toFlag, toLabel, toNumber } from './cell.ts';
import { DataError, quoted } from './data-error.ts';
import type { RawValue, RowBatch } from './readers/index.ts';
import type { ClassColumn, NumberColumn, Table } from './table.ts';
import type { WantedColumn } from './wanted-columns.ts';

/**
 * Gathers the wanted columns of rows as they are read.
 * @param rows how many there must be
 * @throws DataError for a cell that isn't of its column's type, and for a file that isn't the one that was described
 */
export async function loadRows(
  batches: AsyncIterable<RowBatch>,
  wanted: readonly WantedColumn[],
  rows: number,
): Promise<Table> {
  const loaders = wanted.map((column) => cellLoader(column, rows));
  let loaded = 0;
  for await (const batch of batches) {
    if (loaded + batch.rows.length > rows) throw new DataError(`the file has more than ${rows} rows`);
    for (const loader of loaders) load(loader, batch, loaded);
    loaded += batch.rows.length;
  }
  if (loaded < rows) throw new DataError(`the file has ${loaded} rows and not ${rows}`);
  return { rows, columns: new Map(loaders.map((loader) => [loader.column.name, loader.finish()])) };
}

/** Takes a column's cells, those that aren't missing. */
export interface CellLoader {
  readonly column: WantedColumn;
  set(row: number, value: RawValue, line: number): void;
  finish(): NumberColumn | ClassColumn;
}

export function cellLoader(column: WantedColumn, rows: number): CellLoader {
  return column.as === 'classes' ? new ClassLoader(column, rows) : new NumberLoader(column, rows);
}

function load(loader: CellLoader, { columns, rows, typed }: RowBatch, firstRow: number): void {
  const position = columns.indexOf(loader.column.name);
  // A JSON key may come up in a later batch; the header of a CSV holds them all.
  if (position < 0 && !typed) throw new DataError(`there is no column ${quoted(loader.column.name)}`);
  for (const [i, { line, values }] of rows.entries()) {
    const value = position < 0 ? null : (values[position] ?? null);
    if (!isMissing(value)) loader.set(firstRow + i, value, line);
  }
}

class NumberLoader implements CellLoader {
  readonly column: WantedColumn;
  private readonly values: Float64Array;

  constructor(column: WantedColumn, rows: number) {
    this.column = column;
    this.values = new Float64Array(rows).fill(Number.NaN);
  }

  set(row: number, value: RawValue, line: number): void {
    const number = this.read(value);
    if (Number.isNaN(number))
      throw new DataError(`${quoted(value)} ${this.fault}`, { line, column: this.column.name });
    this.values[row] = number;
  }

  private read(value: RawValue): number {
    if (this.column.as === 'flags') return toFlag(value);
    return this.column.type === 'boolean' ? Number(toBoolean(value)) : toNumber(value);
  }

  private get fault(): string {
    if (this.column.as === 'flags') return 'is neither 0 nor 1, true nor false';
    return `isn’t a ${this.column.type === 'boolean' ? 'boolean' : 'finite number'}`;
  }

  finish(): NumberColumn {
    return { kind: 'numbers', values: this.values };
  }
}

class ClassLoader implements CellLoader {
  readonly column: WantedColumn;
  private readonly codes: Int32Array;
  private readonly positions = new Map<string, number>();

  constructor(column: WantedColumn, rows: number) {
    this.column = column;
    this.codes = new Int32Array(rows).fill(-1);
  }

  set(row: number, value: RawValue): void {
    const label = toLabel(value, this.column.type);
    let code = this.positions.get(label);
    if (code === undefined) {
      code = this.positions.size;
      this.positions.set(label, code);
    }
    this.codes[row] = code;
  }

  finish(): ClassColumn {
    return { kind: 'classes', codes: this.codes, classes: [...this.positions.keys()] };
  }
}
