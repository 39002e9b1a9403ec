import { z } from 'zod';
import { PositiveInt, Shape } from './common.ts';
import { Task } from './data.ts';
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
  }),
]);
export type InputEncoding = z.infer<typeof InputEncoding>;
export type TensorEncoding = Extract<InputEncoding, { type: 'tensor' }>;

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
]);
export type TargetEncoding = z.infer<typeof TargetEncoding>;

/** Everything between raw rows and the network, fitted on the training split and saved with the model. */
export const Preprocess = z.strictObject({
  /** Null, as is the target, for an import whose head suits no task: what it puts out is no prediction. */
  task: Task.nullable(),
  inputs: z.array(InputEncoding).min(1),
  target: TargetEncoding.nullable(),
  /** Of a series: how many rows an input has, and how many rows after the last one the prediction is of. */
  window: z
    .strictObject({
      length: PositiveInt,
      horizon: PositiveInt,
      /** Whether a row is a single id, which an embedding takes without an axis of its own. */
      ids: z.boolean(),
    })
    .optional(),
});
export type Preprocess = z.infer<typeof Preprocess>;
/** Of a model that was trained here: it has a task. */
export type FittedPreprocess = Omit<Preprocess, 'task' | 'target'> & { task: Task; target: TargetEncoding };

/**
 * The shape in which the network takes one example: `[8]` for eight numbers, `[28, 28, 1]` for a picture,
 * `[24, 8]` for a window of 24 rows, `[24]` for one of 24 ids.
 */
export function inputShapeOf({ inputs, window }: Preprocess): readonly number[] {
  const row = tensorOf(inputs)?.shape ?? [encodedWidth(inputs)];
  if (!window) return row;
  return window.ids ? [window.length] : [window.length, ...row];
}

/** The tensor that the inputs are, if they are one. It is then the only input. */
export function tensorOf(inputs: readonly InputEncoding[]): TensorEncoding | undefined {
  return inputs.find((input) => input.type === 'tensor');
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

/** How many numbers one encoded target has: one, one a class, or one a label. */
export function outputUnits(target: TargetEncoding): number {
  if (target.type === 'labels') return target.names.length;
  return target.type === 'category' ? target.classes.length : 1;
}

/** The columns that the target was made from. */
export function targetNames(target: TargetEncoding | null): readonly string[] {
  if (target === null) return [];
  return target.type === 'labels' ? target.names : [target.name];
}
