import { createReadStream } from 'node:fs';
import type { DataSpec } from '../spec/data.ts';
import type { DatasetFormat } from '../spec/dataset.ts';
import { isMissing, toBoolean, toFlag, toLabel, toNumber } from './cell.ts';
import { DataError, quoted } from './data-error.ts';
import type { DataPlan, PlannedColumn } from './plan.ts';
import { type RawValue, type RowBatch, readRows } from './readers/index.ts';
import type { ClassColumn, NumberColumn, Table } from './table.ts';

/** A column to load: as numbers, as flags (the numbers 0 and 1), or as the classes that its cells name. */
export interface WantedColumn extends PlannedColumn {
  readonly as: 'numbers' | 'flags' | 'classes';
}

const TARGETS_AS = { regression: 'numbers', classification: 'classes', multilabel: 'flags' } as const;

/** The columns that a plan needs. A number column that is classified is loaded as classes. */
export function wantedColumns(data: DataSpec, plan: DataPlan): WantedColumn[] {
  const wanted: WantedColumn[] = plan.inputs.map((input) => ({
    ...input,
    as: input.type === 'category' ? 'classes' : 'numbers',
  }));
  wanted.push(...plan.targets.map((target) => ({ ...target, as: TARGETS_AS[plan.task] })));
  if (data.sampleWeight !== undefined)
    wanted.push({ name: data.sampleWeight, type: 'number', as: 'numbers' });
  if ('column' in data.split) wanted.push({ name: data.split.column, type: 'category', as: 'classes' });
  return wanted;
}

/**
 * Reads the wanted columns of a local file.
 * @param rows how many the file has
 * @throws DataError for a cell that isn't of its column's type, and for a file that isn't the one that was described
 */
export async function loadTable(
  path: string,
  format: DatasetFormat,
  wanted: readonly WantedColumn[],
  rows: number,
): Promise<Table> {
  const loaders = wanted.map((column) =>
    column.as === 'classes' ? new ClassLoader(column, rows) : new NumberLoader(column, rows),
  );
  let loaded = 0;
  for await (const batch of readRows(createReadStream(path), format)) {
    if (loaded + batch.rows.length > rows) throw new DataError(`the file has more than ${rows} rows`);
    for (const loader of loaders) load(loader, batch, loaded);
    loaded += batch.rows.length;
  }
  if (loaded < rows) throw new DataError(`the file has ${loaded} rows and not ${rows}`);
  return { rows, columns: new Map(loaders.map((loader) => [loader.column.name, loader.finish()])) };
}

interface Loader {
  readonly column: WantedColumn;
  set(row: number, value: RawValue, line: number): void;
  finish(): NumberColumn | ClassColumn;
}

function load(loader: Loader, { columns, rows, typed }: RowBatch, firstRow: number): void {
  const position = columns.indexOf(loader.column.name);
  // A JSON key may come up in a later batch; the header of a CSV holds them all.
  if (position < 0 && !typed) throw new DataError(`there is no column ${quoted(loader.column.name)}`);
  for (const [i, { line, values }] of rows.entries()) {
    const value = position < 0 ? null : (values[position] ?? null);
    if (!isMissing(value)) loader.set(firstRow + i, value, line);
  }
}

class NumberLoader implements Loader {
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

class ClassLoader implements Loader {
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
