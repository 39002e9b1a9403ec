import type { DataSpec } from '../spec/data.ts';
import type { PictureShape } from '../spec/picture.ts';
import {
  BYTE_SCALE,
  type FittedPreprocess,
  type InputEncoding,
  type Preprocess,
  type TargetEncoding,
  type TensorEncoding,
} from '../spec/preprocess.ts';
import { DataError } from './data-error.ts';
import { Moments } from './moments.ts';
import { sortClasses } from './order.ts';
import type { DataPlan } from './plan.ts';
import type { PlannedColumn } from './planned-column.ts';
import { classesOf, numbersOf, type Table, tensorsOf } from './table.ts';
import { channelMoments } from './tensor-moments.ts';

/**
 * Fits what turns raw rows into numbers, on the training rows and on nothing else: means and standard deviations
 * (the population's; 1 for a constant column), the categories that occur, and what stands in for missing values.
 * @param parent how the model that the job builds on makes numbers of its inputs
 * @throws DataError for an input that has no value, or none that can be standardized, in the training split
 */
export function fitPreprocess(
  table: Table,
  plan: DataPlan,
  missing: DataSpec['missing'],
  trainRows: Uint32Array,
  parent?: Preprocess,
): FittedPreprocess {
  const fitted = () =>
    plan.inputs.map((input) => fitInput(table, plan, missing === 'mean', input, trainRows));
  return {
    task: plan.task,
    inputs: plan.inheritsInputs && parent ? inherited(parent, table, plan, missing, trainRows) : fitted(),
    target: fitTarget(table, plan, trainRows),
    ...(plan.window && { window: { ...plan.window, ids: plan.takesIds } }),
  };
}

/** The parent's encodings, by the names that the columns have here; what stands in for a missing number is of here. */
function inherited(
  { inputs }: Preprocess,
  table: Table,
  plan: DataPlan,
  missing: DataSpec['missing'],
  rows: Uint32Array,
): InputEncoding[] {
  return plan.inputs.map(({ name, picture }, i) => {
    const encoding = { ...inputs[i]!, name };
    if (encoding.type === 'tensor') return sizedAs(picture, encoding);
    if (encoding.type === 'category') return encoding;
    const { fill: _, ...unfilled } = encoding;
    return missing === 'mean' ? { ...unfilled, fill: momentsOf(table, name, rows).mean } : unfilled;
  });
}

function fitInput(
  table: Table,
  plan: DataPlan,
  fillsMissing: boolean,
  { name, type, picture }: PlannedColumn,
  rows: Uint32Array,
): InputEncoding {
  if (type === 'tensor') return sizedAs(picture, fitTensor(table, plan, name, rows));
  if (type === 'category')
    return { type, name, classes: occurringClasses(table, name, rows), missingClass: fillsMissing };
  const { mean, std } = momentsOf(table, name, rows);
  const fill = fillsMissing ? { fill: mean } : {};
  if (type === 'boolean') return { type, name, ...fill };
  return { type, name, ...(plan.standardizeInputs ? { mean, std } : { mean: 0, std: 1 }), ...fill };
}

/** Pictures are brought to their shape as they are here, whatever the parent's were. */
function sizedAs(picture: PictureShape | undefined, { fit: _, ...encoding }: TensorEncoding): TensorEncoding {
  return picture ? { ...encoding, fit: picture.fit } : encoding;
}

/** A picture's bytes become 0 … 1 before anything else; but not ids, which an embedding looks up. */
function fitTensor(table: Table, plan: DataPlan, name: string, rows: Uint32Array): TensorEncoding {
  const { values, shape } = tensorsOf(table, name);
  const scale = values instanceof Uint8Array && !plan.takesIds ? BYTE_SCALE : 1;
  const encoding = { type: 'tensor' as const, name, shape: [...shape], scale };
  const channels = shape.at(-1)!;
  if (!plan.standardizeInputs)
    return { ...encoding, mean: Array(channels).fill(0), std: Array(channels).fill(1) };
  const { mean, std } = channelMoments(values, shape, rows);
  if (!std.every(Number.isFinite)) throw new DataError('the numbers are too large', { column: name });
  return {
    ...encoding,
    mean: Array.from(mean, (value) => value * scale),
    std: Array.from(std, (value) => value * scale || 1),
  };
}

function fitTarget(table: Table, plan: DataPlan, rows: Uint32Array): TargetEncoding {
  const names = plan.targets.map(({ name }) => name);
  switch (plan.task) {
    case 'reconstruction':
      return { type: 'input' };
    case 'rotation':
      return { type: 'turn' };
    case 'gan':
      return { type: 'truth' };
    case 'pairs':
      return { type: 'sameness', name: names[0]! };
    case 'multilabel':
      return { type: 'labels', names };
    case 'classification':
      return { type: 'category', name: names[0]!, classes: [...plan.classes!] };
    case 'regression':
      return fitNumber(table, plan, names[0]!, rows);
  }
}

function fitNumber(table: Table, plan: DataPlan, name: string, rows: Uint32Array): TargetEncoding {
  const { mean, std } = plan.standardizeTarget ? momentsOf(table, name, rows) : { mean: 0, std: 1 };
  return { type: 'number', name, mean, std };
}

function momentsOf(table: Table, name: string, rows: Uint32Array): { mean: number; std: number } {
  const { values } = numbersOf(table, name);
  const moments = new Moments();
  for (const row of rows) {
    const value = values[row]!;
    if (!Number.isNaN(value)) moments.add(value);
  }
  if (moments.count === 0) throw noValues(name);
  const { mean, std } = moments;
  if (!Number.isFinite(std)) throw new DataError('the numbers are too large', { column: name });
  return { mean, std: std === 0 ? 1 : std };
}

function occurringClasses(table: Table, name: string, rows: Uint32Array): string[] {
  const { codes, classes } = classesOf(table, name);
  const found = new Set<string>();
  for (const row of rows) {
    const code = codes[row]!;
    if (code >= 0) found.add(classes[code]!);
  }
  if (found.size === 0) throw noValues(name);
  return sortClasses(found);
}

function noValues(column: string): DataError {
  return new DataError('no training row has a value; leave the column out of the inputs', { column });
}
