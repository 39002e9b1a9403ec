import type { DatasetFormat, DatasetSchema } from '../spec/dataset.ts';
import { hiddenLayers } from '../spec/expand.ts';
import type { JobSpec } from '../spec/job.ts';
import type { Preprocess } from '../spec/preprocess.ts';
import { DataError } from './data-error.ts';
import { encodeRows } from './encode-rows.ts';
import { sampleWeights, trainingWeights } from './example-weights.ts';
import type { Examples } from './examples.ts';
import { FORMATS } from './formats/index.ts';
import { type DataPlan, planData } from './plan.ts';
import type { DataWarning } from './plan-warnings.ts';
import { fitPreprocess } from './preprocess.ts';
import { selectRows } from './select-rows.ts';
import { type Split, splitByColumn, splitRows } from './split.ts';
import { classesOf, numbersOf, type Table } from './table.ts';
import { wantedColumns } from './wanted-columns.ts';

export interface PreparedData {
  readonly preprocess: Preprocess;
  readonly train: Examples;
  /** Count 0 where no such split is asked for; so too for `test`. */
  readonly validation: Examples;
  readonly test: Examples;
  readonly warnings: readonly DataWarning[];
}

/**
 * From a data set's file to the examples of each split. The same file, spec and seed give the same examples.
 * @param path a local file
 * @throws DataError where the plan or the data forbid it
 */
export async function prepareData(
  path: string,
  format: DatasetFormat,
  schema: DatasetSchema,
  spec: Pick<JobSpec, 'data' | 'model' | 'seed'>,
): Promise<PreparedData> {
  const { data, seed } = spec;
  const planning = planData(data, schema, hiddenLayers(spec.model));
  if ('problems' in planning) throw new DataError(planning.problems.map(({ message }) => message).join('; '));
  const { plan, warnings } = planning;
  const table = await FORMATS[format].loadTable(path, wantedColumns(data, plan), schema);
  const split = share(selectRows(table, plan, data, seed), table, plan, spec);
  const preprocess = fitPreprocess(table, plan, data.missing, split.train);
  const measuring = (rows: Uint32Array) =>
    weighted(encodeRows(preprocess, table, rows), sampleWeights(table, data, rows));
  return {
    preprocess,
    train: weighted(
      encodeRows(preprocess, table, split.train),
      trainingWeights(table, data, preprocess, split.train),
    ),
    validation: measuring(split.validation),
    test: measuring(split.test),
    warnings: [
      ...warnings,
      ...untrainedClasses(table, plan, split.train),
      ...constantLabels(table, plan, split.train),
    ],
  };
}

function share(rows: Uint32Array, table: Table, plan: DataPlan, { data }: Pick<JobSpec, 'data'>): Split {
  const target = plan.classes && classesOf(table, plan.targets[0]!.name);
  const split =
    'column' in data.split
      ? splitByColumn(rows, classesOf(table, data.split.column), data.split.column)
      : splitRows(rows, data.split, target && data.split.stratify ? (row) => target.codes[row]! : undefined);
  checkTraining(
    split.train,
    rows.length,
    target && new Set(Array.from(split.train, (row) => target.codes[row]!)),
  );
  return split;
}

function checkTraining(train: Uint32Array, rows: number, classes: ReadonlySet<number> | null): void {
  if (train.length < 2)
    throw new DataError(`${rows} usable rows leave ${train.length} to train on: that is too few`);
  if (classes && classes.size < 2) throw new DataError('the rows to train on have only one class');
}

function untrainedClasses(table: Table, plan: DataPlan, train: Uint32Array): DataWarning[] {
  if (!plan.classes) return [];
  const { codes, classes } = classesOf(table, plan.targets[0]!.name);
  const trained = new Set(Array.from(train, (row) => classes[codes[row]!]));
  const untrained = plan.classes.filter((name) => !trained.has(name));
  if (untrained.length === 0) return [];
  const message = `no row to train on is of class ${untrained.map((name) => `“${name}”`).join(', ')}`;
  return [{ code: 'untrainedClass', pointer: '/data/split', message }];
}

/** A label that no training row tells apart: its output learns a constant. */
function constantLabels(table: Table, plan: DataPlan, train: Uint32Array): DataWarning[] {
  if (plan.task !== 'multilabel') return [];
  const constant = plan.targets.filter(({ name }) => {
    const { values } = numbersOf(table, name);
    return train.every((row) => values[row] === values[train[0]!]);
  });
  if (constant.length === 0) return [];
  const message = `every row to train on says the same of ${constant.map(({ name }) => `“${name}”`).join(', ')}`;
  return [{ code: 'constantLabel', pointer: '/data/split', message }];
}

function weighted(examples: Examples, weights: Float32Array | undefined): Examples {
  return weights ? { ...examples, weights } : examples;
}
