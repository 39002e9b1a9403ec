import type { DataSpec } from '../spec/data.ts';
import type { Column, DatasetSchema } from '../spec/dataset.ts';
import type { Columns } from './columns.ts';
import type { Problems } from './problems.ts';

/** A data spec whose target is settled. */
export type TargetedData = DataSpec & { readonly target: string };

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

/** The target's column; adds a problem where there is none, or none that can be predicted. */
export function findTarget(data: TargetedData, columns: Columns, problems: Problems): Column | undefined {
  const column = columns.find(data.target, '/data/target');
  if (column?.type !== 'tensor') return column;
  problems.add('/data/target', `“${column.name}” is a tensor, which can’t be a target`);
  return undefined;
}
