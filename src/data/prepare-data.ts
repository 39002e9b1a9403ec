import { askedShape } from '../spec/asked-shape.ts';
import type { DataSpec, WindowSpec } from '../spec/data.ts';
import type { DatasetFormat, DatasetSchema } from '../spec/dataset.ts';
import { hiddenLayers } from '../spec/expand.ts';
import type { JobSpec } from '../spec/job.ts';
import type { NamedLayer } from '../spec/layer.ts';
import type { NetworkSpec } from '../spec/network.ts';
import { pretrainingTaskOf } from '../spec/objective.ts';
import { parentOf } from '../spec/parent.ts';
import { type FittedPreprocess, isOfBytes, type Preprocess, tensorOf } from '../spec/preprocess.ts';
import { type Augment, createAugment } from './augment/index.ts';
import { DataError } from './data-error.ts';
import { encodeRows, encodeWindows } from './encode-rows.ts';
import { sampleWeights, trainingWeights } from './example-weights.ts';
import type { Examples } from './examples.ts';
import { FORMATS } from './formats/index.ts';
import { type DataPlan, planData } from './plan.ts';
import type { DataWarning } from './plan-warnings.ts';
import { fitPreprocess } from './preprocess.ts';
import { selectRows } from './select-rows.ts';
import { shareSeries } from './series.ts';
import { splitByColumn, splitRows } from './split.ts';
import type { SplitName } from './split-names.ts';
import { classesOf, numbersOf, type Table } from './table.ts';
import { wantedColumns } from './wanted-columns.ts';

/** Black and white in bytes, whether a picture has them or not. */
const WHOLE_BYTES = [0, 255] as const;

/** The model that a job builds on. */
export interface Parent {
  readonly network: NetworkSpec;
  readonly preprocess: Preprocess;
  /** Those of its layers that the job begins with. */
  readonly base: readonly NamedLayer[];
}

export interface PreparedData {
  readonly preprocess: FittedPreprocess;
  readonly train: Examples;
  /** Count 0 where no such split is asked for; so too for `test`. */
  readonly validation: Examples;
  readonly test: Examples;
  /** What changes the examples of `train` from epoch to epoch, where that is asked for. */
  readonly augment: Augment | null;
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
  spec: Pick<JobSpec, 'data' | 'model' | 'seed' | 'stages'>,
  parent?: Parent,
): Promise<PreparedData> {
  const { data, seed } = spec;
  const known = parent && parentOf(parent.network, parent.preprocess);
  const planning = planData(data, schema, hiddenLayers(spec.model, parent?.base), {
    parent: known,
    pretraining: pretrainingTaskOf(spec.stages),
    asked: askedShape(spec.model, known),
  });
  if ('problems' in planning) throw new DataError(planning.problems.map(({ message }) => message).join('; '));
  const { plan, warnings } = planning;
  const table = await FORMATS[format].loadTable(path, wantedColumns(data, plan), schema);
  const split = plan.window
    ? shareWindows(table, plan, data, plan.window)
    : shareRows(table, plan, data, seed);
  checkClasses(table, plan, split.train.targets);
  const preprocess = fitPreprocess(table, plan, data.missing, split.train.rows, parent?.preprocess);
  const measuring = ({ encode, targets }: SplitRows) =>
    weighted(encode(preprocess), sampleWeights(table, data, targets));
  return {
    preprocess,
    train: weighted(
      split.train.encode(preprocess),
      trainingWeights(table, data, preprocess, split.train.targets),
    ),
    validation: measuring(split.validation),
    test: measuring(split.test),
    augment: augmentOf(spec, preprocess, schema),
    warnings: [
      ...warnings,
      ...untrainedClasses(table, plan, split.train.targets),
      ...constantLabels(table, plan, split.train.targets),
    ],
  };
}

function augmentOf(
  { data, seed }: Pick<JobSpec, 'data' | 'seed'>,
  { inputs }: Preprocess,
  { columns }: DatasetSchema,
): Augment | null {
  const encoding = tensorOf(inputs);
  if (!data.augment || !encoding) return null;
  const column = columns.find(({ name }) => name === encoding.name);
  const range = isOfBytes(encoding) ? WHOLE_BYTES : ([Number(column?.min), Number(column?.max)] as const);
  return createAugment(data.augment, encoding, range, seed);
}

/** A split before it is encoded. */
interface SplitRows {
  /** Every row that it may learn from. */
  readonly rows: Uint32Array;
  /** Of each example, the row whose target it is to predict. */
  readonly targets: Uint32Array;
  readonly encode: (preprocess: FittedPreprocess) => Examples;
}
type SplitsOfRows = Readonly<Record<SplitName, SplitRows>>;

function shareRows(table: Table, plan: DataPlan, data: DataSpec, seed: number): SplitsOfRows {
  const rows = selectRows(table, plan, data, seed);
  const classed = plan.classed && classesOf(table, plan.classed.name);
  const split =
    'column' in data.split
      ? splitByColumn(rows, classesOf(table, data.split.column), data.split.column)
      : splitRows(
          rows,
          data.split,
          classed && data.split.stratify ? (row) => classed.codes[row]! : undefined,
        );
  if (split.train.length < 2)
    throw new DataError(
      `${rows.length} usable rows leave ${split.train.length} to train on: that is too few`,
    );
  const of = (rows: Uint32Array): SplitRows => ({
    rows,
    targets: rows,
    encode: (preprocess) => encodeRows(preprocess, table, rows),
  });
  return { train: of(split.train), validation: of(split.validation), test: of(split.test) };
}

function shareWindows(table: Table, plan: DataPlan, data: DataSpec, window: WindowSpec): SplitsOfRows {
  const split = shareSeries(table, plan, data, window);
  const of = (name: SplitName): SplitRows => ({
    ...split[name],
    encode: (preprocess) => encodeWindows(preprocess, table, split[name]),
  });
  return { train: of('train'), validation: of('validation'), test: of('test') };
}

function checkClasses(table: Table, plan: DataPlan, train: Uint32Array): void {
  if (!plan.classes) return;
  const { codes, classes } = classesOf(table, plan.targets[0]!.name);
  const counts = new Uint32Array(classes.length);
  for (const row of train) counts[codes[row]!]!++;
  if (counts.filter((count) => count > 0).length < 2)
    throw new DataError('the rows to train on have only one class');
  if (plan.task === 'pairs' && !counts.some((count) => count > 1))
    throw new DataError('no two rows to train on have the same value', { column: plan.targets[0]!.name });
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
