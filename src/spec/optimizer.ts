import { z } from 'zod';

const Bound = z.number().positive().optional();

/** Gradient clipping: each element by value, each weight's gradient by its norm, or all by their joint norm. */
export const Clip = z
  .strictObject({ value: Bound, norm: Bound, globalNorm: Bound })
  .refine((clip) => Object.values(clip).filter((bound) => bound !== undefined).length === 1, {
    error: 'says one of value, norm and globalNorm',
  });
export type Clip = z.infer<typeof Clip>;

const LearningRate = z.number().positive();
const Decay = z.number().min(0).lt(1);
const common = { clip: Clip.optional() };
const epsilon = z.number().positive().default(1e-7);
const adaptive = {
  learningRate: LearningRate.default(0.001),
  beta1: Decay.default(0.9),
  beta2: Decay.default(0.999),
  epsilon,
  ...common,
};

/** Keras's definitions and defaults. */
export const OptimizerSpec = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('sgd'), learningRate: LearningRate.default(0.01), ...common }),
    z.strictObject({
      type: z.literal('momentum'),
      learningRate: LearningRate.default(0.01),
      momentum: Decay.default(0.9),
      ...common,
    }),
    z.strictObject({
      type: z.literal('nesterov'),
      learningRate: LearningRate.default(0.01),
      momentum: Decay.default(0.9),
      ...common,
    }),
    z.strictObject({
      type: z.literal('adagrad'),
      learningRate: LearningRate.default(0.001),
      initialAccumulator: z.number().min(0).default(0.1),
      epsilon,
      ...common,
    }),
    z.strictObject({
      type: z.literal('rmsprop'),
      learningRate: LearningRate.default(0.001),
      rho: Decay.default(0.9),
      momentum: Decay.default(0),
      centered: z.boolean().default(false),
      epsilon,
      ...common,
    }),
    z.strictObject({ type: z.literal('adam'), ...adaptive }),
    z.strictObject({ type: z.literal('adamax'), ...adaptive }),
    z.strictObject({ type: z.literal('nadam'), ...adaptive }),
    z.strictObject({ type: z.literal('adamw'), ...adaptive, weightDecay: z.number().min(0).default(0.004) }),
  ])
  .meta({ id: 'Optimizer' });
export type OptimizerSpec = z.infer<typeof OptimizerSpec>;
