import type { DataSpec, WindowSpec } from '../spec/data.ts';
import { DataError, quoted } from './data-error.ts';
import type { DataPlan } from './plan.ts';
import { rowsTaken } from './plan-window.ts';
import { fewestWindows, splitSizes } from './split.ts';
import { SPLIT_NAMES, type SplitName } from './split-names.ts';
import { classesOf, isMissingAt, type Table } from './table.ts';

/** Rows on end: `start` is the first of them, `end` the one after the last. */
interface Run {
  readonly start: number;
  readonly end: number;
}

/** The windows of one split. Their rows and their targets are all of its run, so no other split sees any of them. */
export interface SeriesSplit {
  /** Every row of the split, in order. */
  readonly rows: Uint32Array;
  /** Of each window, the first row, counted from the split's first. */
  readonly starts: Uint32Array;
  /** Of each window, the row in the table whose target it is to predict. */
  readonly targets: Uint32Array;
}

/**
 * Shares a series out in the order of time, and finds the windows of each split. A window that touches a missing
 * value is left out, unless missing inputs are filled; its target and its weight are never filled.
 * @throws DataError for a split that isn't one run of rows, or that has no whole window
 */
export function shareSeries(
  table: Table,
  plan: DataPlan,
  data: DataSpec,
  window: WindowSpec,
): Readonly<Record<SplitName, SeriesSplit>> {
  const runs =
    'column' in data.split ? runsByColumn(table, data.split.column) : runsByShares(table.rows, data.split);
  const inputGaps = gapsIn(table, data.missing === 'mean' ? [] : plan.inputs.map(({ name }) => name));
  const targetGaps = gapsIn(table, [
    ...plan.targets.map(({ name }) => name),
    ...(data.sampleWeight === undefined ? [] : [data.sampleWeight]),
  ]);
  const share = (name: SplitName): SeriesSplit => {
    const run = runs[name];
    const found = run ? windowsIn(run, window, inputGaps, targetGaps) : NONE;
    if (run && found.starts.length < fewestWindows(name)) throw tooFew(name, run, window, found);
    return found;
  };
  return { train: share('train'), validation: share('validation'), test: share('test') };
}

const NONE: SeriesSplit = { rows: new Uint32Array(), starts: new Uint32Array(), targets: new Uint32Array() };

type Runs = Partial<Record<SplitName, Run>>;

/** The earliest rows train, the next validate, the last test. */
function runsByShares(rows: number, shares: { validation: number; test: number }): Runs {
  const sizes = splitSizes(rows, shares);
  const runs: Runs = {};
  let start = 0;
  for (const name of SPLIT_NAMES) {
    const end = start + sizes[name];
    if (end > start) runs[name] = { start, end };
    start = end;
  }
  return runs;
}

/** A row without a value is in no split. */
function runsByColumn(table: Table, column: string): Runs {
  const { codes, classes } = classesOf(table, column);
  const runs: Runs = {};
  for (let row = 0; row < codes.length; row++) {
    const value = classes[codes[row]!];
    if (value === undefined) continue;
    const name = SPLIT_NAMES.find((known) => known === value);
    if (!name) throw new DataError(`${quoted(value)} names no split`, { column });
    const run = runs[name] ?? { start: row, end: row };
    if (run.end !== row)
      throw new DataError(
        `${quoted(value)} comes again in row ${row + 1}; in a series each split is one unbroken run of rows, so that no window reaches into another`,
        { column },
      );
    runs[name] = { start: run.start, end: row + 1 };
  }
  return runs;
}

/** How many of the rows before each row lack a value of these columns: [rows + 1]. */
function gapsIn(table: Table, names: readonly string[]): Uint32Array {
  const columns = names.map((name) => table.columns.get(name)!);
  const gaps = new Uint32Array(table.rows + 1);
  for (let row = 0; row < table.rows; row++) {
    const lacks = columns.some((column) => isMissingAt(column, row));
    gaps[row + 1] = gaps[row]! + Number(lacks);
  }
  return gaps;
}

function windowsIn(
  { start, end }: Run,
  window: WindowSpec,
  inputGaps: Uint32Array,
  targetGaps: Uint32Array,
): SeriesSplit {
  const whole = (gaps: Uint32Array, from: number, to: number) => gaps[from] === gaps[to];
  const starts: number[] = [];
  for (let first = start; first + rowsTaken(window) <= end; first++) {
    const target = targetOf(first, window);
    if (whole(inputGaps, first, first + window.length) && whole(targetGaps, target, target + 1))
      starts.push(first);
  }
  return {
    rows: Uint32Array.from({ length: end - start }, (_, i) => start + i),
    starts: Uint32Array.from(starts, (first) => first - start),
    targets: Uint32Array.from(starts, (first) => targetOf(first, window)),
  };
}

/** `horizon` rows after the window's last. */
function targetOf(first: number, { length, horizon }: WindowSpec): number {
  return first + length - 1 + horizon;
}

function tooFew(
  name: SplitName,
  { start, end }: Run,
  { length, horizon }: WindowSpec,
  found: SeriesSplit,
): DataError {
  const count = found.starts.length === 0 ? 'no window' : 'only one window';
  return new DataError(
    `the ${name} split’s ${end - start} rows have ${count} of ${length} rows with every value and the target ${horizon} ${horizon === 1 ? 'row' : 'rows'} later: that is too few`,
  );
}
