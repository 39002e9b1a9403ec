import { key, permutation } from '../random.ts';
import type { DataSpec } from '../spec/data.ts';
import type { DataPlan } from './plan.ts';
import type { ClassedColumn } from './planned-column.ts';
import { classesOf, isMissingAt, type Table } from './table.ts';

/**
 * The rows that a job uses: complete where that is asked for, of a wanted class, and at most `limitPerClass` of
 * each class. A row without its targets or its weight is never used.
 * @returns row numbers in the order in which they are shared out: random by the seed, or as in the file where
 * `shuffle` is off
 */
export function selectRows(table: Table, plan: DataPlan, data: DataSpec, seed: number): Uint32Array {
  const needed = neededColumns(plan, data).map((name) => table.columns.get(name)!);
  const order = data.shuffle
    ? permutation(key(seed, 'rows'), table.rows)
    : Uint32Array.from({ length: table.rows }, (_, row) => row);
  const complete = order.filter((row) => needed.every((column) => !isMissingAt(column, row)));
  return plan.classed ? ofClasses(complete, table, plan.classed, data.limitPerClass) : complete;
}

function neededColumns(plan: DataPlan, data: DataSpec): string[] {
  return [
    ...plan.targets.map(({ name }) => name),
    ...(data.sampleWeight === undefined ? [] : [data.sampleWeight]),
    ...('column' in data.split ? [data.split.column] : []),
    ...(data.missing === 'mean' ? [] : plan.inputs.map(({ name }) => name)),
  ];
}

function ofClasses(
  rows: Uint32Array,
  table: Table,
  { name, classes: wanted, keepsUnclassed }: ClassedColumn,
  limit = Number.POSITIVE_INFINITY,
): Uint32Array {
  const { codes, classes } = classesOf(table, name);
  const room = classes.map((name) => (wanted.includes(name) ? limit : 0));
  return rows.filter((row) => {
    const code = codes[row]!;
    return code === -1 ? keepsUnclassed : room[code]!-- > 0;
  });
}
