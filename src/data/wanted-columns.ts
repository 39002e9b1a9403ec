import type { DataSpec } from '../spec/data.ts';
import type { DataPlan, PlannedColumn } from './plan.ts';

/** A column to load: as numbers, as the classes that its cells name, or as tensors. */
export interface WantedColumn extends PlannedColumn {
  readonly as: 'numbers' | 'classes' | 'tensors';
}

/**
 * The columns that a plan needs. A number column that is classified is loaded as classes, also where it is an input
 * of a series too.
 */
export function wantedColumns(data: DataSpec, plan: DataPlan): WantedColumn[] {
  const wanted: WantedColumn[] = plan.inputs
    .filter(({ name }) => name !== plan.target.name)
    .map((input) => ({ ...input, as: LOADED_AS[input.type] }));
  wanted.push({ ...plan.target, as: plan.classes ? 'classes' : 'numbers' });
  if (data.sampleWeight !== undefined)
    wanted.push({ name: data.sampleWeight, type: 'number', as: 'numbers' });
  if ('column' in data.split) wanted.push({ name: data.split.column, type: 'category', as: 'classes' });
  return wanted;
}

const LOADED_AS: Readonly<Record<PlannedColumn['type'], WantedColumn['as']>> = {
  number: 'numbers',
  boolean: 'numbers',
  category: 'classes',
  tensor: 'tensors',
};
