import type { DataSpec } from '../spec/data.ts';
import type { DataPlan, PlannedColumn } from './plan.ts';

/** A column to load: as numbers, as flags (the numbers 0 and 1), as the classes that its cells name, or as tensors. */
export interface WantedColumn extends PlannedColumn {
  readonly as: 'numbers' | 'flags' | 'classes' | 'tensors';
}

/** The columns that a plan needs. A number column that is classified is loaded as classes. */
export function wantedColumns(data: DataSpec, plan: DataPlan): WantedColumn[] {
  const wanted: WantedColumn[] = plan.inputs.map((input) => ({ ...input, as: LOADED_AS[input.type] }));
  wanted.push(...plan.targets.map((target) => ({ ...target, as: TARGETS_AS[plan.task] })));
  if (data.sampleWeight !== undefined)
    wanted.push({ name: data.sampleWeight, type: 'number', as: 'numbers' });
  if ('column' in data.split) wanted.push({ name: data.split.column, type: 'category', as: 'classes' });
  return wanted;
}

const TARGETS_AS = { regression: 'numbers', classification: 'classes', multilabel: 'flags' } as const;

const LOADED_AS: Readonly<Record<PlannedColumn['type'], WantedColumn['as']>> = {
  number: 'numbers',
  boolean: 'numbers',
  category: 'classes',
  tensor: 'tensors',
};
