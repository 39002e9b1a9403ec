import { z } from 'zod';
import { Augmentation } from './augment.ts';
import { Name, PositiveInt } from './common.ts';
import { ImageSize } from './picture.ts';

const Share = z.number().min(0).lt(1);

/** How rows are shared out: by fractions, or by a column whose values are `train`, `validation` and `test`. */
export const SplitSpec = z.union([
  z
    .strictObject({
      validation: Share.default(0.1),
      test: Share.default(0.1),
      stratify: z
        .boolean()
        .default(true)
        .meta({ description: 'Keeps each class’s share in every split, where the target has classes.' }),
    })
    .refine((split) => split.validation + split.test < 1, {
      error: 'validation and test together must leave rows to train on',
      path: ['validation'],
    }),
  z.strictObject({ column: Name }),
]);
export type SplitSpec = z.infer<typeof SplitSpec>;

/** An example is `length` rows in a row, and its target stands `horizon` rows after the last of them. */
export const WindowSpec = z.strictObject({ length: PositiveInt, horizon: PositiveInt.default(1) }).meta({
  id: 'Window',
  description:
    'Takes the rows for a series in the order of the file. An example is `length` rows on end, and is to predict the target `horizon` rows after the last of them.',
});
export type WindowSpec = z.infer<typeof WindowSpec>;

/** `multilabel`: several targets at once, each of which is true or false on its own. */
export const SupervisedTask = z.enum(['regression', 'classification', 'multilabel']);
export type SupervisedTask = z.infer<typeof SupervisedTask>;

/**
 * What a network learns without being told an answer: to put its input together again, by how much a picture was
 * turned, whether two examples are of one kind, or whether one is true or made up.
 */
export const PretrainingTask = z.enum(['reconstruction', 'rotation', 'pairs', 'gan']);
export type PretrainingTask = z.infer<typeof PretrainingTask>;

/** What a network says: of the target, or of the inputs alone. */
export const Task = z.enum([...SupervisedTask.options, ...PretrainingTask.options]).meta({
  description:
    'Of pretraining: `reconstruction` (autoencoder, denoising, masked), `rotation`, `pairs`, or `gan`; else what the target asks for.',
});
export type Task = z.infer<typeof Task>;

/** What a job or a model predicts: one column, or the labels of a multilabel task. */
export const TargetName = z.union([Name, z.array(Name).min(2).max(1_000)]).meta({
  description:
    'A list of columns is multilabel: each is boolean, or holds nothing but 0 and 1 (or true and false).',
});
export type TargetName = z.infer<typeof TargetName>;

/** Which data a job learns from, and how rows become numbers. */
export const DataSpec = z
  .strictObject({
    dataset: z.string().regex(/^ds_[0-9A-Z]{26}$/, 'an id of the form ds_…'),
    inputs: z.array(Name).min(1).optional().meta({
      description:
        'When left out: the pictures where the data set has some, else every column but the target (and the split and weight columns). With a window the target’s own past is an input too.',
    }),
    target: TargetName.optional().meta({
      description:
        'The column to predict; `label` beside pictures when left out. A list of columns is multilabel: each is boolean, or holds nothing but 0 and 1 (or true and false). Pretraining needs none: a target is then only kept out of the inputs, and its classes serve `classes`, `limitPerClass` and `stratify`; rows without a value count too. Of pairs it is the column whose values say which rows belong together.',
    }),
    task: SupervisedTask.optional().meta({
      description:
        'Follows the target when left out: numbers are regressed, several columns are multilabel, the rest is classified.',
    }),
    window: WindowSpec.optional().meta({
      description:
        'For series, in CSV or JSONL. The earliest rows train, the next validate, the last test; or a split column gives each split one unbroken run of rows. A window and its target lie in one split. With `missing: drop` the windows that touch a missing value are left out.',
    }),
    imageSize: ImageSize.optional().meta({
      description:
        'Of pictures that come as files, in a ZIP: the size to which they are brought. When left out: the size that the model asks for, by the model that it builds on or by its topology, else the one that all of them have.',
    }),
    augment: z.array(Augmentation).min(1).max(20).optional().meta({
      description:
        'Random changes of the pictures that are trained on, one after another; what is measured is left as it is.',
    }),
    classes: z
      .array(z.string())
      .min(2)
      .optional()
      .meta({ description: 'Keep only the rows of these classes.' }),
    limitPerClass: z.int().min(1).optional(),
    split: SplitSpec.default({ validation: 0.1, test: 0.1, stratify: true }),
    standardize: z.boolean().optional().meta({
      description:
        'To mean 0 and standard deviation 1 on the training split, a picture channel by channel. True when left out, unless the first layer is an embedding or a batch norm. False leaves numbers as they are, and makes 0 … 1 of a picture’s bytes.',
    }),
    shuffle: z.boolean().default(true).meta({
      description:
        'Rows are shared out at random, and every epoch visits them in another order. False keeps the file’s order: its first rows train, its last rows test. With a window, only the epochs’ order is random.',
    }),
    classWeights: z
      .union([z.literal('balanced'), z.record(z.string(), z.number().min(0).max(1_000_000))])
      .optional(),
    sampleWeight: Name.optional(),
    missing: z.enum(['refuse', 'drop', 'mean']).default('refuse').meta({
      description:
        'What to do with a row that lacks a value: refuse the job, drop the row, or use the training mean (for a category, its own “missing” class).',
    }),
  })
  .meta({ id: 'Data' });
export type DataSpec = z.infer<typeof DataSpec>;

/** The columns that a job learns to predict: one, or the labels of a multilabel task. */
export function targetColumns({ target }: { target: TargetName }): readonly string[] {
  return typeof target === 'string' ? [target] : target;
}
