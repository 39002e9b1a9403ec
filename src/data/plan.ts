import type { AskedShape } from '../spec/asked-shape.ts';
import type { DataSpec, PretrainingTask, SplitSpec, Task, WindowSpec } from '../spec/data.ts';
import type { Column, DatasetSchema } from '../spec/dataset.ts';
import type { LayerSpec } from '../spec/layer.ts';
import type { ParentModel } from '../spec/parent.ts';
import type { ProblemError } from '../spec/resource/problem.ts';
import { size } from '../spec/shapes.ts';
import { inputEmbedding, layersOnInput } from '../spec/wiring.ts';
import { Columns } from './columns.ts';
import { checkAugmentation } from './plan-augment.ts';
import { checkEmbedding, type PlannedInput, planInputs } from './plan-inputs.ts';
import { checkParent, inheritsInputs, orderAs, parentWarnings } from './plan-parent.ts';
import { checkPictureMemory, planPictures } from './plan-pictures.ts';
import { planPretraining } from './plan-pretraining.ts';
import { planSupervised } from './plan-task.ts';
import { type DataWarning, inputWarnings } from './plan-warnings.ts';
import { checkWindow } from './plan-window.ts';
import { type ClassedColumn, type PlannedColumn, plannedColumn } from './planned-column.ts';
import { Problems } from './problems.ts';
import { fewestRows } from './split.ts';
import { SPLIT_NAMES } from './split-names.ts';
import {
  findTargets,
  namedTargets,
  type SettledData,
  settleOptionalTarget,
  settleTarget,
  type TargetedData,
} from './target-column.ts';

/** What a job takes from a data set, settled by the schema alone. */
export interface DataPlan {
  readonly task: Task;
  readonly inputs: readonly PlannedColumn[];
  /** One column; the labels of a multilabel task; of pairs the column that groups rows; none of other pretraining. */
  readonly targets: readonly PlannedColumn[];
  /** Class names in their order, numbers by size; null where the task is neither a classification nor pairs. */
  readonly classes: readonly string[] | null;
  /** The column by whose classes rows are picked and shared out; null where there is none. */
  readonly classed: ClassedColumn | null;
  readonly standardizeInputs: boolean;
  /** Whether inputs are made numbers of as they were for the model that the job builds on. */
  readonly inheritsInputs: boolean;
  readonly standardizeTarget: boolean;
  /** Whether the inputs are ids, which are looked up and not computed with. */
  readonly takesIds: boolean;
  /**
   * The shape of an encoded example: `[8]` for eight numbers, `[28, 28, 1]` for a picture, `[24, 8]` for a window.
   * The numbers may yet be fewer: a category that the training split lacks takes no place.
   */
  readonly inputShape: readonly number[];
  /** For a series: the rows of an example; null where every row is one. */
  readonly window: WindowSpec | null;
  /** How many numbers the network says of an example, one for each of its target's. */
  readonly outputUnits: number;
  /** How many rows there are to share out, at most: rows may yet be dropped for missing values. */
  readonly rows: number;
}

/** What the rest of a job says of its data. */
export interface PlanContext {
  /** The model that it builds on. */
  readonly parent?: ParentModel | undefined;
  /** What the network is to say, where that isn't the target. */
  readonly pretraining?: PretrainingTask | undefined;
  /** The shape that the model asks of an example, where it says one: pictures are brought to it. */
  readonly asked?: AskedShape | undefined;
}

export type Planning = { plan: DataPlan; warnings: DataWarning[] } | { problems: ProblemError[] };

/**
 * Settles what a job's data spec leaves open, and checks it against the data set's schema. Pure; reads no data.
 *
 * Inputs and the target of a regression are standardized unless `standardize` says no. Left out, it leaves the
 * inputs alone before an embedding, which takes ids, and before a batch norm, which does it itself.
 * @returns problems with JSON Pointers into the job spec, or the plan
 */
export function planData(
  given: DataSpec,
  schema: DatasetSchema,
  layers: readonly LayerSpec[],
  { parent, pretraining, asked }: PlanContext = {},
): Planning {
  const problems = new Problems();
  const needsNone = pretraining !== undefined && pretraining !== 'pairs';
  const data = needsNone ? settleOptionalTarget(given, schema) : settleTarget(given, schema, problems);
  if (!data) return { problems: problems.found };
  const columns = new Columns(schema, problems);
  const targets = findTargets(data, columns, problems);
  const found = planPictures(planInputs(data, columns, problems), data, asked, problems);
  const inputs = parent ? orderAs(parent, found) : found;
  const planned = pretraining
    ? planPretraining(pretraining, data, schema, targets, problems)
    : planSupervised(data as TargetedData, schema, targets, problems);
  const others = [...planSampleWeight(data, columns, problems), ...planSplitColumn(data, columns, problems)];
  const needed = needsNone ? [] : targets;
  checkMissing(data, [...needed, ...inputs.map(({ column }) => column), ...others], problems);
  const embedding = inputEmbedding(layers);
  checkEmbedding(embedding, data, inputs, problems);
  checkWindow(data, schema, inputs, embedding, problems);
  if (planned && problems.found.length === 0) {
    const { rows } = planned;
    checkRows(data.split, rows, problems);
    checkPictureMemory(inputs, schema.rows, rows, problems);
    checkAugmentation(data, inputs, embedding, problems);
  }
  if (!planned || problems.found.length > 0) return { problems: problems.found };
  const shape = shapeOf(inputs, data, embedding);
  if (parent) checkParent(parent, data, inputs, shape, problems);
  if (problems.found.length > 0) return { problems: problems.found };
  const inherits = inheritsInputs(data, parent);
  const inputShape = inherits ? parent!.network.inputShape : shape;
  return {
    plan: {
      task: planned.task,
      inputs: inputs.map(({ column, picture }) => ({
        ...plannedColumn(column),
        ...(picture && { picture }),
      })),
      targets: needed.map(plannedColumn),
      classes: planned.classes,
      classed: planned.classed,
      standardizeInputs: data.standardize ?? !(inherits || standardizeThemselves(layersOnInput(layers))),
      inheritsInputs: inherits,
      standardizeTarget: planned.task === 'regression' && data.standardize !== false,
      takesIds: embedding !== undefined,
      inputShape,
      window: data.window ?? null,
      outputUnits: planned.outputUnits ?? size(inputShape),
      rows: planned.rows,
    },
    warnings: [
      ...planned.warnings,
      ...inputWarnings(inputs),
      ...(parent ? parentWarnings(parent, data, inputs) : []),
    ],
  };
}

/** A branch that takes the input as it is wants it standardized. */
function standardizeThemselves(layers: readonly LayerSpec[]): boolean {
  return layers.length > 0 && layers.every(({ type }) => type === 'embedding' || type === 'batchNorm');
}

function shapeOf(
  inputs: readonly PlannedInput[],
  data: DataSpec,
  first: LayerSpec | undefined,
): readonly number[] {
  const tensor = inputs.find(({ column }) => column.type === 'tensor');
  const row = tensor?.column.shape ?? [inputs.reduce((sum, input) => sum + widthOf(input, data), 0)];
  if (!data.window) return row;
  return first?.type === 'embedding' ? [data.window.length] : [data.window.length, ...row];
}

function widthOf({ column }: PlannedInput, data: DataSpec): number {
  return column.type === 'category' ? column.classes!.length + (data.missing === 'mean' ? 1 : 0) : 1;
}

function planSampleWeight(data: SettledData, columns: Columns, problems: Problems): Column[] {
  if (data.sampleWeight === undefined) return [];
  const column = columns.find(data.sampleWeight, '/data/sampleWeight');
  if (!column) return [];
  const { name, type, min, max } = column;
  if (namedTargets(data).includes(name)) problems.add('/data/sampleWeight', `“${name}” is the target`);
  else if (type !== 'number')
    problems.add('/data/sampleWeight', `“${name}” is a ${type}; weights are numbers`);
  else if (Number(min) < 0) problems.add('/data/sampleWeight', `“${name}” has negative weights`);
  else if (Number(max) === 0) problems.add('/data/sampleWeight', `“${name}” has only weights of 0`);
  return [column];
}

function planSplitColumn(data: SettledData, columns: Columns, problems: Problems): Column[] {
  if (!('column' in data.split)) return [];
  const pointer = '/data/split/column';
  const column = columns.find(data.split.column, pointer);
  if (!column) return [];
  const other = column.classes?.find(({ value }) => !SPLIT_NAMES.some((name) => name === value));
  if (namedTargets(data).includes(column.name)) problems.add(pointer, `“${column.name}” is the target`);
  else if (column.classes === undefined || other)
    problems.add(
      pointer,
      `“${column.name}” must say ${SPLIT_NAMES.join(', ')}${other ? `, and says “${other.value}” too` : ''}`,
    );
  else if (!column.classes.some(({ value }) => value === 'train'))
    problems.add(pointer, `“${column.name}” gives no row to train on`);
  return [column];
}

function checkMissing(data: DataSpec, used: readonly Column[], problems: Problems): void {
  if (data.missing !== 'refuse') return;
  // A series may have its target among the inputs too.
  for (const { name, missing } of new Set(used)) {
    if (missing > 0)
      problems.add(
        '/data/missing',
        `“${name}” lacks a value in ${missing} ${missing === 1 ? 'row' : 'rows'}; choose drop or mean, or complete the data`,
      );
  }
}

function checkRows(split: SplitSpec, rows: number, problems: Problems): void {
  if (rows < fewestRows('column' in split ? { validation: 0, test: 0 } : split))
    problems.add('/data/dataset', `${rows} ${rows === 1 ? 'row is' : 'rows are'} too few to train on`);
}
