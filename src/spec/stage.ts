import { z } from 'zod';
import { Identifier, PositiveInt } from './common.ts';
import { ObjectiveSpec } from './objective.ts';
import { OptimizerSpec } from './optimizer.ts';
import { ScheduleSpec } from './schedule.ts';

export const EarlyStopping = z.strictObject({
  monitor: z.string().default('val_loss'),
  mode: z.enum(['min', 'max']).optional().meta({ description: 'Follows the metric when left out.' }),
  patience: PositiveInt.default(10),
  minDelta: z.number().min(0).default(0),
  restoreBest: z.boolean().default(true),
});
export type EarlyStopping = z.infer<typeof EarlyStopping>;

/** Which weights a stage moves. */
export const Trainable = z.union([
  z.literal('all'),
  z.literal('new').meta({ description: 'The layers that come from no other model.' }),
  z.strictObject({
    top: PositiveInt.meta({
      description: 'The new layers, and so many of the highest reused ones that have weights.',
    }),
  }),
  z.strictObject({
    layers: z
      .array(Identifier)
      .min(1)
      .meta({ description: 'By name; a composite stands for all of its layers.' }),
  }),
]);
export type Trainable = z.infer<typeof Trainable>;

/** One leg of a job. */
export const StageSpec = z
  .strictObject({
    name: Identifier.optional(),
    objective: ObjectiveSpec.default({ type: 'supervised' }),
    trainable: Trainable.default('all'),
    epochs: PositiveInt.max(100_000),
    batchSize: PositiveInt.max(65_536).default(32),
    optimizer: OptimizerSpec.default({
      type: 'adam',
      learningRate: 0.001,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-7,
    }),
    schedule: ScheduleSpec.default({ type: 'constant' }),
    learningRateScale: z.number().positive().optional().meta({
      description:
        'Every rate of the stage, its schedule’s too, is multiplied by this: low rates keep what reused layers know. 1 when left out.',
    }),
    cacheFeatures: z.boolean().default(true).meta({
      description:
        'What frozen layers at the bottom make of each example is computed once, where nothing random stands among or before them.',
    }),
    earlyStopping: EarlyStopping.optional(),
  })
  .meta({ id: 'Stage' });
export type StageSpec = z.infer<typeof StageSpec>;
