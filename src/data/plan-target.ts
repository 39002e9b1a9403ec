import { type DataSpec, type Task, targetColumns } from '../spec/data.ts';
import type { Column } from '../spec/dataset.ts';
import { toFlag } from './cell.ts';
import { suggestion } from './nearest-name.ts';
import { type Problems, pointerTo } from './problems.ts';
import { type TargetedData, targetPointer } from './target-column.ts';

export interface PlannedTarget {
  readonly task: Task;
  /** The classes that are kept and how many rows each has, in order; null where the task isn't a classification. */
  readonly classes: readonly ClassCount[] | null;
}
export interface ClassCount {
  readonly value: string;
  readonly count: number;
}

/**
 * What is to be learned from the targets: their task and classes. Adds a problem for whatever forbids it.
 * @returns undefined where the target isn't there
 */
export function planTarget(
  data: TargetedData,
  columns: readonly Column[],
  problems: Problems,
): PlannedTarget | undefined {
  if (typeof data.target !== 'string') return planLabels(data, columns, problems);
  return columns[0] && planColumn(data, columns[0], problems);
}

function planColumn(data: DataSpec, column: Column, problems: Problems): PlannedTarget {
  const task = data.task ?? (column.type === 'number' ? 'regression' : 'classification');
  if (task === 'multilabel') {
    problems.add('/data/target', 'a multilabel task has two or more targets: give their columns as a list');
    return { task, classes: null };
  }
  if (column.type === 'text') {
    problems.add('/data/target', `“${column.name}” is text with too many different values to classify`);
    return { task, classes: null };
  }
  return task === 'regression'
    ? planRegression(data, column, problems)
    : planClassification(data, column, problems);
}

function planRegression(data: DataSpec, column: Column, problems: Problems): PlannedTarget {
  if (column.type !== 'number')
    problems.add('/data/task', `“${column.name}” is a ${column.type}, and a regression needs numbers`);
  else if (column.distinct !== null && column.distinct < 2)
    problems.add('/data/target', `“${column.name}” is the same in every row: there is nothing to learn`);
  refuseClassSettings(data, 'a regression', problems);
  return { task: 'regression', classes: null };
}

function planLabels(data: TargetedData, columns: readonly Column[], problems: Problems): PlannedTarget {
  if (data.task !== undefined && data.task !== 'multilabel')
    problems.add(
      '/data/task',
      `several targets make the task multilabel; for a ${data.task} name a single column`,
    );
  const names = targetColumns(data);
  for (const [i, name] of names.entries()) {
    const column = columns.find((it) => it.name === name);
    if (names.indexOf(name) < i) problems.add(targetPointer(data, i), `“${name}” stands twice`);
    else if (column) checkLabel(column, targetPointer(data, i), problems);
  }
  refuseClassSettings(data, 'multilabel', problems);
  return { task: 'multilabel', classes: null };
}

function checkLabel(column: Column, pointer: string, problems: Problems): void {
  const { off, on, others } = countFlags(column);
  if (others)
    problems.add(
      pointer,
      `“${column.name}” has other values than 0 and 1 (or true and false), so it can’t be a label`,
    );
  else if (off === 0 || on === 0)
    problems.add(
      pointer,
      `“${column.name}” ${off + on === 0 ? 'has no value' : 'is the same in every row'}: there is nothing to learn`,
    );
}

/** How many rows say yes and how many no, and whether there are other values among them. */
export function countFlags({ classes }: Column): { off: number; on: number; others: boolean } {
  const count = (flag: number) =>
    (classes ?? []).reduce((sum, { value, count }) => (toFlag(value) === flag ? sum + count : sum), 0);
  const others = classes === undefined || classes.some(({ value }) => Number.isNaN(toFlag(value)));
  return { off: count(0), on: count(1), others };
}

function refuseClassSettings(data: DataSpec, what: string, problems: Problems): void {
  for (const setting of ['classes', 'limitPerClass', 'classWeights'] as const) {
    if (data[setting] !== undefined)
      problems.add(pointerTo('data', setting), `only a classification has classes, and this is ${what}`);
  }
}

function planClassification(data: DataSpec, column: Column, problems: Problems): PlannedTarget {
  if (column.classes === undefined) {
    problems.add('/data/target', `“${column.name}” has too many different values to classify`);
    return { task: 'classification', classes: [] };
  }
  checkClassNames(data, column.name, column.classes, problems);
  const classes = keptClasses(data, column.classes);
  if (classes.length < 2 && data.classes === undefined)
    problems.add(
      '/data/target',
      `“${column.name}” has ${oneOrNone(classes)}: there is nothing to tell apart`,
    );
  checkClassWeights(data, classes, problems);
  return { task: 'classification', classes };
}

function oneOrNone(classes: readonly ClassCount[]): string {
  return classes.length === 0 ? 'no value' : `only one class, “${classes[0]!.value}”`;
}

/** The classes that a spec keeps, and how many rows it keeps of each. */
export function keptClasses(data: DataSpec, classes: readonly ClassCount[]): ClassCount[] {
  const wanted = data.classes && new Set(data.classes);
  const most = data.limitPerClass ?? Number.POSITIVE_INFINITY;
  return classes
    .filter(({ value }) => wanted === undefined || wanted.has(value))
    .map(({ value, count }) => ({ value, count: Math.min(count, most) }));
}

/** Adds a problem for each class that is asked for and isn't there. */
export function checkClassNames(
  data: DataSpec,
  name: string,
  classes: readonly ClassCount[],
  problems: Problems,
): void {
  const known = classes.map(({ value }) => value);
  const seen = new Set<string>();
  for (const [i, wanted] of (data.classes ?? []).entries()) {
    if (seen.has(wanted)) problems.add(`/data/classes/${i}`, `the class “${wanted}” stands twice`);
    else if (!known.includes(wanted))
      problems.add(`/data/classes/${i}`, `“${name}” has no class “${wanted}”${suggestion(wanted, known)}`);
    seen.add(wanted);
  }
}

function checkClassWeights(data: DataSpec, classes: readonly ClassCount[], problems: Problems): void {
  if (data.classWeights === undefined || data.classWeights === 'balanced') return;
  const known = classes.map(({ value }) => value);
  for (const name of Object.keys(data.classWeights)) {
    if (!known.includes(name))
      problems.add(
        pointerTo('data', 'classWeights', name),
        `there is no class “${name}”${suggestion(name, known)}`,
      );
  }
  const weights = new Map(Object.entries(data.classWeights));
  if (known.length > 0 && known.every((name) => weights.get(name) === 0))
    problems.add('/data/classWeights', 'every class has the weight 0');
}
