import { type DataSpec, type TargetName, targetColumns } from '../spec/data.ts';
import type { Column, DatasetSchema } from '../spec/dataset.ts';
import type { Columns } from './columns.ts';
import { type Problems, pointerTo } from './problems.ts';

/** A data spec whose target is settled. */
export type TargetedData = DataSpec & { readonly target: TargetName };

/** The same of a job that may do without a target. */
export type SettledData = DataSpec | TargetedData;

/** The columns that the spec names as targets, if it names any. */
export function namedTargets({ target }: SettledData): readonly string[] {
  return target === undefined ? [] : targetColumns({ target });
}

/** What goes with pictures where no target is named. */
const LABEL = 'label';
const UNLABELLED = 'the data set has no labels: pretrain on it, by an objective that needs none';

/** Names the target where the spec leaves it out; adds a problem where nothing says which column it is. */
export function settleTarget(
  data: DataSpec,
  { columns }: DatasetSchema,
  problems: Problems,
): TargetedData | undefined {
  if (data.target !== undefined) return { ...data, target: data.target };
  if (columns.some(isLabel) && hasTensor(columns)) return { ...data, target: LABEL };
  problems.add('/data/target', hasTensor(columns) ? UNLABELLED : 'say which column is the target');
  return undefined;
}

/** The same where nothing is predicted of a target: pictures need not have labels, nor a table a target. */
export function settleOptionalTarget(data: DataSpec, { columns }: DatasetSchema): SettledData {
  const hasLabels = hasTensor(columns) && columns.some(isLabel);
  return data.target === undefined && hasLabels ? { ...data, target: LABEL } : data;
}

function hasTensor(columns: readonly Column[]): boolean {
  return columns.some(({ type }) => type === 'tensor');
}

function isLabel({ name, type }: Column): boolean {
  return name === LABEL && type !== 'tensor';
}

/** The targets' columns; adds a problem for each that isn't there, or can't be predicted. */
export function findTargets(data: SettledData, columns: Columns, problems: Problems): Column[] {
  return namedTargets(data).flatMap((name, i) => {
    const pointer = targetPointer(data, i);
    const column = columns.find(name, pointer);
    if (column?.type !== 'tensor') return column ?? [];
    problems.add(pointer, `“${column.name}” is a tensor, which can’t be a target`);
    return [];
  });
}

/** Where the spec names its target number `index`. */
export function targetPointer({ target }: SettledData, index: number): string {
  return Array.isArray(target) ? pointerTo('data', 'target', index) : '/data/target';
}
