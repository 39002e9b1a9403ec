import { DataError, quoted } from './data-error.ts';
import { SPLIT_NAMES, type SplitName } from './split-names.ts';
import type { ClassColumn } from './table.ts';

/** Row numbers of each split, ascending. Together they are the rows that were shared out, each once. */
export type Split = Readonly<Record<SplitName, Uint32Array>>;

type Shares = Readonly<{ validation: number; test: number }>;
type Sizes = Readonly<Record<SplitName, number>>;

/**
 * Shares rows out by fractions, in the order given: the first of them train, the last test.
 * @param classOf the class of a row, to keep each class's share in every split; each class keeps a training row
 */
export function splitRows(rows: Uint32Array, shares: Shares, classOf?: (row: number) => number): Split {
  const groups = classOf ? groupBy(rows, classOf) : [[...rows]];
  const sizes = classOf ? stratifiedSizes(groups, shares) : [splitSizes(rows.length, shares)];
  const split: Record<SplitName, number[]> = { train: [], validation: [], test: [] };
  for (const [i, group] of groups.entries()) {
    let start = 0;
    for (const name of SPLIT_NAMES) {
      for (const row of group.slice(start, start + sizes[i]![name])) split[name].push(row);
      start += sizes[i]![name];
    }
  }
  return inOrder(split);
}

/** @throws DataError for a value that names no split */
export function splitByColumn(rows: Uint32Array, column: ClassColumn, name: string): Split {
  const split: Record<SplitName, number[]> = { train: [], validation: [], test: [] };
  for (const row of rows) {
    const value = column.classes[column.codes[row]!];
    const splitName = SPLIT_NAMES.find((known) => known === value);
    if (!splitName) throw new DataError(`${quoted(value)} names no split`, { column: name });
    split[splitName].push(row);
  }
  return inOrder(split);
}

/** The fewest rows that these shares can be taken of: two to train on, and one for each split that is asked for. */
export function fewestRows({ validation, test }: Shares): number {
  return fewest({ validation, test }).reduce((sum, rows) => sum + rows, 0);
}

/** The fewest examples that a split is worth having with. */
export function fewestWindows(name: SplitName): number {
  return name === 'train' ? 2 : 1;
}

function fewest({ validation, test }: Shares): number[] {
  return [2, validation > 0 ? 1 : 0, test > 0 ? 1 : 0];
}

/** Shares `count` rows out by largest remainders; what then has too few takes from what has most to spare. */
export function splitSizes(count: number, shares: Shares): Sizes {
  const quotas = [1 - shares.validation - shares.test, shares.validation, shares.test].map(
    (share) => share * count,
  );
  const sizes = apportion(count, quotas, [count, count, count]);
  if (count >= fewestRows(shares)) raiseTo(fewest(shares), sizes);
  return { train: sizes[0]!, validation: sizes[1]!, test: sizes[2]! };
}

/** Moves rows until every part has its least; there must be enough of them. */
function raiseTo(least: readonly number[], sizes: number[]): void {
  const spare = () => sizes.map((size, i) => size - least[i]!);
  for (let spares = spare(); Math.min(...spares) < 0; spares = spare()) {
    sizes[spares.indexOf(Math.max(...spares))]!--;
    sizes[spares.indexOf(Math.min(...spares))]!++;
  }
}

/** Sizes a class whose sums are those of the whole; a class gives away all of its rows but one. */
function stratifiedSizes(groups: readonly number[][], shares: Shares): Sizes[] {
  const counts = groups.map((group) => group.length);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const whole = splitSizes(total, shares);
  const share = (size: number, spare: number[]) =>
    apportion(
      size,
      counts.map((count) => (count * size) / total),
      spare,
    );
  const validation = share(
    whole.validation,
    counts.map((count) => count - 1),
  );
  const test = share(
    whole.test,
    counts.map((count, i) => count - 1 - validation[i]!),
  );
  return counts.map((count, i) => ({
    train: count - validation[i]! - test[i]!,
    validation: validation[i]!,
    test: test[i]!,
  }));
}

/**
 * Hamilton's method: everyone gets the whole part of its quota, and what is left goes to the largest remainders,
 * the first of equals first. Nobody gets more than its capacity; what nobody can take is left.
 */
function apportion(total: number, quotas: readonly number[], capacities: readonly number[]): number[] {
  const seats = quotas.map((quota, i) => Math.min(Math.floor(quota), capacities[i]!));
  const byRemainder = quotas
    .map((quota, i) => ({ i, remainder: quota - Math.floor(quota) }))
    .sort((a, b) => b.remainder - a.remainder || a.i - b.i);
  let left = total - seats.reduce((sum, seat) => sum + seat, 0);
  while (left > 0) {
    const open = byRemainder.filter(({ i }) => seats[i]! < capacities[i]!).slice(0, left);
    if (open.length === 0) break;
    for (const { i } of open) seats[i]!++;
    left -= open.length;
  }
  return seats;
}

function groupBy(rows: Uint32Array, classOf: (row: number) => number): number[][] {
  const groups = new Map<number, number[]>();
  for (const row of rows) {
    const group = groups.get(classOf(row));
    if (group) group.push(row);
    else groups.set(classOf(row), [row]);
  }
  return [...groups].sort(([a], [b]) => a - b).map(([, group]) => group);
}

function inOrder(split: Record<SplitName, number[]>): Split {
  const sorted = (name: SplitName) => Uint32Array.from(split[name]).sort();
  return { train: sorted('train'), validation: sorted('validation'), test: sorted('test') };
}
