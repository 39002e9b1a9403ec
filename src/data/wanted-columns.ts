import type { DataSpec, Task } from '../spec/data.ts';
import type { DataPlan } from './plan.ts';
import type { PlannedColumn } from './planned-column.ts';

/** A column to load: as numbers, as flags (the numbers 0 and 1), as the classes that its cells name, or as tensors. */
export interface WantedColumn extends PlannedColumn {
  readonly as: 'numbers' | 'flags' | 'classes' | 'tensors';
}

/**
 * The columns that a plan needs. A number column that is classified is loaded as classes, also where it is an input
 * of a series too.
 */
export function wantedColumns(data: DataSpec, plan: DataPlan): WantedColumn[] {
  const targets = plan.targets.map((target) => ({ ...target, as: TARGETS_AS[plan.task] }));
  const isTarget = (name: string) => targets.some((target) => target.name === name);
  const wanted: WantedColumn[] = plan.inputs
    .filter(({ name }) => !isTarget(name))
    .map((input) => ({ ...input, as: LOADED_AS[input.type] }));
  wanted.push(...targets);
  if (plan.classed && !isTarget(plan.classed.name)) wanted.push({ ...plan.classed, as: 'classes' });
  if (data.sampleWeight !== undefined)
    wanted.push({ name: data.sampleWeight, type: 'number', as: 'numbers' });
  if ('column' in data.split) wanted.push({ name: data.split.column, type: 'category', as: 'classes' });
  return wanted;
}

const TARGETS_AS = {
  regression: 'numbers',
  classification: 'classes',
  multilabel: 'flags',
  reconstruction: 'numbers',
  rotation: 'numbers',
  gan: 'numbers',
  pairs: 'classes',
} as const satisfies Record<Task, WantedColumn['as']>;

const LOADED_AS: Readonly<Record<PlannedColumn['type'], WantedColumn['as']>> = {
  number: 'numbers',
  boolean: 'numbers',
  category: 'classes',
  tensor: 'tensors',
};
