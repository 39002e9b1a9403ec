import { z } from 'zod';
import { PositiveInt, Shape } from './common.ts';
import { Task } from './data.ts';
import { Fit } from './picture.ts';
import { size } from './shapes.ts';

/** How one input column becomes numbers: standardized (mean 0 and std 1 leave it as it is), or one-hot. */
export const InputEncoding = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('number'),
    name: z.string(),
    mean: z.number(),
    std: z.number().positive(),
    fill: z.number().optional(),
  }),
  z.strictObject({ type: z.literal('boolean'), name: z.string(), fill: z.number().optional() }),
  z.strictObject({
    type: z.literal('category'),
    name: z.string(),
    classes: z.array(z.string()).min(1),
    missingClass: z.boolean(),
  }),
  /** Each number becomes (number · scale − mean) / std, with one mean and std for each place of the last axis. */
  z.strictObject({
    type: z.literal('tensor'),
    name: z.string(),
    shape: Shape,
    scale: z.number().positive(),
    mean: z.array(z.number()).min(1),
    std: z.array(z.number().positive()).min(1),
    /** How pictures were brought to this shape; they came in it where there is none. */
    fit: Fit.optional(),
  }),
]);
export type InputEncoding = z.infer<typeof InputEncoding>;
export type TensorEncoding = Extract<InputEncoding, { type: 'tensor' }>;

/** What an example is made of. */
const rows = {
  inputs: z.array(InputEncoding).min(1),
  /** Of a series: how many rows an input has, and how many rows after the last one the prediction is of. */
  window: z
    .strictObject({
      length: PositiveInt,
      horizon: PositiveInt,
      /** Whether a row is a single id, which an embedding takes without an axis of its own. */
      ids: z.boolean(),
    })
    .optional(),
};

export const TargetEncoding = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('number'),
    name: z.string(),
    mean: z.number(),
    std: z.number().positive(),
  }),
  z.strictObject({ type: z.literal('category'), name: z.string(), classes: z.array(z.string()).min(2) }),
  /** Several columns, each 0 or 1. */
  z.strictObject({ type: z.literal('labels'), names: z.array(z.string()).min(2) }),
  /** The encoded input itself. */
  z.strictObject({ type: z.literal('input') }),
  /** By which of `TURNS` a picture was turned. */
  z.strictObject({ type: z.literal('turn') }),
  /** Whether two examples have the same value of this column. */
  z.strictObject({ type: z.literal('sameness'), name: z.string() }),
  /** Whether an example is true or made up. */
  z.strictObject({ type: z.literal('truth') }),
  /** An example made up, of these columns. */
  z.strictObject({ type: z.literal('example'), ...rows }),
]);
export type TargetEncoding = z.infer<typeof TargetEncoding>;

/** By how many degrees, counterclockwise, a picture may be turned. */
export const TURNS = ['0', '90', '180', '270'] as const;

/** Everything between raw rows and the network, fitted on the training split and saved with the model. */
export const Preprocess = z.strictObject({
  /** Null, as is the target, for an import whose head suits no task: what it puts out is no prediction. */
  task: Task.nullable(),
  ...rows,
  target: TargetEncoding.nullable(),
});
export type Preprocess = z.infer<typeof Preprocess>;
/** Of a model that was trained here: it has a task. */
export type FittedPreprocess = Omit<Preprocess, 'task' | 'target'> & { task: Task; target: TargetEncoding };

export function isFitted(preprocess: Preprocess): preprocess is FittedPreprocess {
  return preprocess.task !== null && preprocess.target !== null;
}

/**
 * The shape in which the network takes one example: `[8]` for eight numbers, `[28, 28, 1]` for a picture,
 * `[24, 8]` for a window of 24 rows, `[24]` for one of 24 ids.
 */
export function inputShapeOf({ inputs, window }: Pick<Preprocess, 'inputs' | 'window'>): readonly number[] {
  const row = tensorOf(inputs)?.shape ?? [encodedWidth(inputs)];
  if (!window) return row;
  return window.ids ? [window.length] : [window.length, ...row];
}

/** The tensor that the inputs are, if they are one. It is then the only input. */
export function tensorOf(inputs: readonly InputEncoding[]): TensorEncoding | undefined {
  return inputs.find((input) => input.type === 'tensor');
}

/** The tensor that the inputs are, where it has a height and a width. */
export function pictureOf(inputs: readonly InputEncoding[]): TensorEncoding | undefined {
  const tensor = tensorOf(inputs);
  return tensor && tensor.shape.length > 1 ? tensor : undefined;
}

/** What makes 0 … 1 of bytes. */
export const BYTE_SCALE = 1 / 255;

/** Whether a tensor's numbers came as bytes, as a picture's do: as those of files, or by their scale. */
export function isOfBytes({ scale, fit }: TensorEncoding): boolean {
  return fit !== undefined || scale === BYTE_SCALE;
}

/** How many numbers one encoded row has. */
export function encodedWidth(inputs: readonly InputEncoding[]): number {
  return inputs.reduce((sum, input) => sum + encodingWidth(input), 0);
}

export function encodingWidth(input: InputEncoding): number {
  switch (input.type) {
    case 'category':
      return input.classes.length + (input.missingClass ? 1 : 0);
    case 'tensor':
      return size(input.shape);
    default:
      return 1;
  }
}

/**
 * How many numbers the network says of one target: one, one a class, label or turn, or as many as the encoded
 * input has.
 */
export function outputUnits(preprocess: FittedPreprocess): number {
  const { target } = preprocess;
  switch (target.type) {
    case 'number':
    case 'sameness':
    case 'truth':
      return 1;
    case 'example':
      return size(inputShapeOf(target));
    case 'category':
      return target.classes.length;
    case 'labels':
      return target.names.length;
    case 'turn':
      return TURNS.length;
    case 'input':
      return size(inputShapeOf(preprocess));
  }
}

/** The columns that the target was made from. */
export function targetNames(target: TargetEncoding | null): readonly string[] {
  if (target === null) return [];
  switch (target.type) {
    case 'labels':
      return target.names;
    case 'input':
    case 'turn':
    case 'truth':
    case 'example':
      return [];
    default:
      return [target.name];
  }
}
