import type { DataSpec, PretrainingTask } from '../spec/data.ts';
import type { Column, DatasetSchema } from '../spec/dataset.ts';
import { TURNS } from '../spec/preprocess.ts';
import { checkClassNames, keptClasses, planTarget } from './plan-target.ts';
import { countRows, type PlannedTask } from './plan-task.ts';
import { plannedColumn } from './planned-column.ts';
import { type Problems, pointerTo } from './problems.ts';
import type { SettledData, TargetedData } from './target-column.ts';
import { inWords } from './task-in-words.ts';

/** How many numbers the network says of an example; undefined where they are as many as its own. */
const OUTPUT_UNITS = {
  reconstruction: undefined,
  rotation: TURNS.length,
  gan: 1,
} as const satisfies Record<Exclude<PretrainingTask, 'pairs'>, number | undefined>;

/**
 * Plans to learn without being told an answer. Adds a problem for what only a target can give.
 * @param targets the columns that the spec names as targets
 * @returns undefined where pairs have no column that says which rows belong together
 */
export function planPretraining(
  task: PretrainingTask,
  data: SettledData,
  schema: DatasetSchema,
  targets: readonly Column[],
  problems: Problems,
): PlannedTask | undefined {
  if (data.classWeights !== undefined)
    problems.add(
      '/data/classWeights',
      `only a classification weighs its classes, and this is ${inWords(task)}`,
    );
  if (task === 'pairs') return planPairs(data as TargetedData, targets, problems);
  const picked = pickByClass(data, targets[0], problems);
  return {
    task,
    classes: null,
    classed: picked?.classed ?? null,
    outputUnits: OUTPUT_UNITS[task],
    rows: picked?.rows ?? schema.rows,
    warnings: [],
  };
}

/** Rows belong together that have the same value of the target, whatever it stands for. */
function planPairs(
  data: TargetedData,
  targets: readonly Column[],
  problems: Problems,
): PlannedTask | undefined {
  if (data.sampleWeight !== undefined)
    problems.add('/data/sampleWeight', 'pairs are drawn of all rows alike, so that none has a weight');
  if (data.task !== undefined && data.task !== 'classification')
    problems.add('/data/task', `pairs are told apart by classes, not by a ${data.task}: leave it out`);
  if (typeof data.target !== 'string') {
    problems.add('/data/target', 'pairs are told apart by one column: name a single one');
    return undefined;
  }
  const planned = planTarget({ ...data, task: 'classification' }, targets, problems);
  if (!planned?.classes || !targets[0] || problems.found.length > 0) return undefined;
  const classes = planned.classes.map(({ value }) => value);
  return {
    task: 'pairs',
    classes,
    classed: { ...plannedColumn(targets[0]), classes, keepsUnclassed: false },
    outputUnits: 1,
    rows: countRows(planned.classes),
    warnings: [],
  };
}

/**
 * The classes of a target that is there and isn't predicted: they pick rows and stratify. A row without one has a
 * part in it too, unless some classes are asked for.
 */
function pickByClass(
  data: SettledData,
  target: Column | undefined,
  problems: Problems,
): Pick<PlannedTask, 'classed' | 'rows'> | undefined {
  if (target === undefined || !hasClasses(data, target)) {
    for (const setting of ['classes', 'limitPerClass'] as const) {
      if (data[setting] !== undefined)
        problems.add(pointerTo('data', setting), 'name a target that has classes to pick rows by them');
    }
    return undefined;
  }
  // A series keeps all of its rows, in their order.
  if (data.window) return undefined;
  checkClassNames(data, target.name, target.classes!, problems);
  const classes = keptClasses(data, target.classes!);
  const keepsUnclassed = data.classes === undefined;
  return {
    classed: { ...plannedColumn(target), classes: classes.map(({ value }) => value), keepsUnclassed },
    rows: countRows(classes) + (keepsUnclassed ? target.missing : 0),
  };
}

function hasClasses({ target, task }: DataSpec, { type, classes }: Column): boolean {
  const supervised = task ?? (type === 'number' ? 'regression' : 'classification');
  return typeof target === 'string' && classes !== undefined && supervised === 'classification';
}
