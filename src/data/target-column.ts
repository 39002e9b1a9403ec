import { type DataSpec, type TargetName, targetColumns } from '../spec/data.ts';
import type { Column, DatasetSchema } from '../spec/dataset.ts';
import type { Columns } from './columns.ts';
import { type Problems, pointerTo } from './problems.ts';

/** A data spec whose target is settled. */
export type TargetedData = DataSpec & { readonly target: TargetName };

/** What goes with pictures where no target is named. */
const LABEL = 'label';

/** Names the target where the spec leaves it out; adds a problem where nothing says which column it is. */
export function settleTarget(
  data: DataSpec,
  { columns }: DatasetSchema,
  problems: Problems,
): TargetedData | undefined {
  if (data.target !== undefined) return { ...data, target: data.target };
  if (columns.some(({ type }) => type === 'tensor')) return { ...data, target: LABEL };
  problems.add('/data/target', 'say which column is the target');
  return undefined;
}

/** The targets' columns; adds a problem for each that isn't there, or can't be predicted. */
export function findTargets(data: TargetedData, columns: Columns, problems: Problems): Column[] {
  return targetColumns(data).flatMap((name, i) => {
    const pointer = targetPointer(data, i);
    const column = columns.find(name, pointer);
    if (column?.type !== 'tensor') return column ?? [];
    problems.add(pointer, `“${column.name}” is a tensor, which can’t be a target`);
    return [];
  });
}

/** Where the spec names its target number `index`. */
export function targetPointer({ target }: TargetedData, index: number): string {
  return typeof target === 'string' ? '/data/target' : pointerTo('data', 'target', index);
}
