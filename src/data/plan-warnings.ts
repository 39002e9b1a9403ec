import type { DataSpec } from '../spec/data.ts';
import type { Column } from '../spec/dataset.ts';
import type { PlannedInput } from './plan-inputs.ts';
import { type ClassCount, countFlags, type PlannedTarget } from './plan-target.ts';
import { pointerTo } from './problems.ts';

/** Something allowed that may not be meant. */
export interface DataWarning {
  readonly code:
    | 'integerTarget'
    | 'constantInput'
    | 'unlikeParent'
    | 'rareClass'
    | 'rareLabel'
    | 'imbalance'
    | 'untrainedClass'
    | 'constantLabel';
  readonly pointer: string;
  readonly message: string;
}

/** A whole-number target with so few values is more often a label than a quantity. */
const FEW_VALUES = 20;
const IMBALANCE = 10;

export function inputWarnings(inputs: readonly PlannedInput[]): DataWarning[] {
  return inputs.flatMap(constantInput);
}

export function targetWarnings(
  data: DataSpec,
  targets: readonly Column[],
  { task, classes }: PlannedTarget,
): DataWarning[] {
  if (task === 'multilabel') return targets.flatMap(rareLabel);
  return classes ? classWarnings(data, classes) : regressionWarnings(data, targets[0]!);
}

function rareLabel(column: Column, i: number): DataWarning[] {
  const { off, on } = countFlags(column);
  if (Math.min(off, on) > 1) return [];
  const message = `“${column.name}” is ${on < off ? 'true' : 'false'} in a single row, so nothing can check it`;
  return [{ code: 'rareLabel', pointer: pointerTo('data', 'target', i), message }];
}

function regressionWarnings(data: DataSpec, target: Column): DataWarning[] {
  const { name, integer, distinct } = target;
  if (data.task !== undefined || !integer || distinct === null || distinct > FEW_VALUES) return [];
  const message = `“${name}” has only ${distinct} different whole numbers and is regressed; if they are labels, set the task to classification`;
  return [{ code: 'integerTarget', pointer: '/data/task', message }];
}

function classWarnings(data: DataSpec, classes: readonly ClassCount[]): DataWarning[] {
  const rare = classes.filter(({ count }) => count < 2);
  if (rare.length > 0) {
    const names = rare.slice(0, 5).map(({ value }) => `“${value}”`);
    const message = `${rare.length === 1 ? 'a class has' : `${rare.length} classes have`} a single row, so nothing can check them: ${names.join(', ')}${rare.length > 5 ? ', …' : ''}`;
    return [{ code: 'rareClass', pointer: '/data/target', message }];
  }
  const counts = classes.map(({ count }) => count);
  const ratio = Math.max(...counts) / Math.min(...counts);
  if (data.classWeights !== undefined || ratio < IMBALANCE) return [];
  const message = `the largest class has ${Math.round(ratio)} times the rows of the smallest; consider “balanced”`;
  return [{ code: 'imbalance', pointer: '/data/classWeights', message }];
}

function constantInput({ column, pointer }: PlannedInput): DataWarning[] {
  if (column.distinct !== 1 || column.missing > 0) return [];
  const message = `“${column.name}” is the same in every row: it tells the network nothing`;
  return [{ code: 'constantInput', pointer, message }];
}
