import { z } from 'zod';
import { Name, PositiveInt, Shape } from './common.ts';
import { SupervisedTask } from './data.ts';

/** What a model may be imported from. */
export const ModelFormat = z.enum(['tfjs', 'keras', 'hdf5']).meta({
  description:
    'A `model.json` of TensorFlow.js with its shards, a `.keras` archive of Keras 3, or a whole model in HDF5.',
});
export type ModelFormat = z.infer<typeof ModelFormat>;

const Numbers = z.array(z.number()).min(1).max(10_000);

/** How the numbers that are sent become the network's input. */
export const InputScaling = z
  .union([
    z.enum(['zeroToOne', 'minusOneToOne', 'bytes']),
    z.strictObject({
      scale: z.number().positive().default(1),
      mean: Numbers.default([0]),
      std: z.array(z.number().positive()).min(1).max(10_000).default([1]),
    }),
  ])
  .meta({
    id: 'InputScaling',
    description:
      'What the network makes of a picture’s bytes: 0 … 1, −1 … 1 (the MobileNets and Inceptions of Keras), the bytes themselves, or (byte · scale − mean) / std, with one mean and std for all channels or for each.',
  });
export type InputScaling = z.infer<typeof InputScaling>;

/** Distinct, since answers go by them. */
const Names = z
  .array(Name)
  .min(1)
  .max(100_000)
  .refine((names) => new Set(names).size === names.length, { error: 'each must be another' });

/** What is said of a model of another's when it is imported. */
export const ModelImport = z.strictObject({
  name: Name.optional().meta({ description: 'The file’s name when left out.' }),
  task: SupervisedTask.optional().meta({
    description:
      'Follows the last activation when left out: softmax is a classification, sigmoid multilabel, linear a regression. A model whose head suits no task is taken too: other models can begin with its layers.',
  }),
  classes: Names.optional().meta({
    description: 'Of a classification, or the labels; class_0, class_1, … when left out.',
  }),
  inputs: Names.optional().meta({
    description:
      'The columns of a network that takes a list of numbers (x1, x2, … when left out), or the one name of its picture or sequence.',
  }),
  input: InputScaling.optional().meta({
    description:
      'For pictures and sequences; `zeroToOne` for pictures and the numbers themselves for others when left out.',
  }),
  inputShape: z
    .array(PositiveInt)
    .pipe(Shape)
    .optional()
    .meta({ description: 'Where the model itself leaves sizes open: `[224, 224, 3]`.' }),
});
export type ModelImport = z.infer<typeof ModelImport>;
