import type { Task } from '../spec/data.ts';
import type { Column, DatasetSchema } from '../spec/dataset.ts';
import { type ClassCount, planTarget } from './plan-target.ts';
import { type DataWarning, targetWarnings } from './plan-warnings.ts';
import { type ClassedColumn, plannedColumn } from './planned-column.ts';
import type { Problems } from './problems.ts';
import type { TargetedData } from './target-column.ts';

/** What the network is to say, and which rows have a part in it. */
export interface PlannedTask {
  readonly task: Task;
  /** Null where the task is neither a classification nor pairs. */
  readonly classes: readonly string[] | null;
  readonly classed: ClassedColumn | null;
  readonly rows: number;
  /** Undefined where it says as many numbers as the encoded input has. */
  readonly outputUnits: number | undefined;
  readonly warnings: readonly DataWarning[];
}

/** Plans to predict the target. @returns undefined where it isn't there */
export function planSupervised(
  data: TargetedData,
  schema: DatasetSchema,
  targets: readonly Column[],
  problems: Problems,
): PlannedTask | undefined {
  const planned = planTarget(data, targets, problems);
  if (!planned) return undefined;
  const classes = planned.classes?.map(({ value }) => value) ?? null;
  const isSound = problems.found.length === 0;
  return {
    task: planned.task,
    classes,
    classed: classes && isSound ? { ...plannedColumn(targets[0]!), classes, keepsUnclassed: false } : null,
    outputUnits: classes?.length ?? targets.length,
    rows: planned.classes ? countRows(planned.classes) : schema.rows,
    warnings: isSound ? targetWarnings(data, targets, planned) : [],
  };
}

/** How many rows these classes have together. */
export function countRows(classes: readonly ClassCount[]): number {
  return classes.reduce((sum, { count }) => sum + count, 0);
}
