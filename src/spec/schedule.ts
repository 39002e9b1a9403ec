import { z } from 'zod';
import { PositiveInt } from './common.ts';

const Fraction = z.number().gt(0).lt(1);
const per = {
  per: z.enum(['step', 'epoch']).default('step').meta({
    description: 'Whether the rate moves at every step or at every epoch; lengths below count these.',
  }),
};
const warmup = {
  warmup: z
    .strictObject({ steps: PositiveInt })
    .optional()
    .meta({ description: 'Steps over which the rate rises linearly to its first value.' }),
};

/** How the learning rate moves during a stage, starting from the optimizer's `learningRate`. */
export const ScheduleSpec = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('constant'), ...warmup }),
    z.strictObject({
      type: z.literal('power'),
      ...per,
      decaySteps: PositiveInt,
      power: z.number().positive().default(1),
      ...warmup,
    }),
    z.strictObject({
      type: z.literal('exponential'),
      ...per,
      decaySteps: PositiveInt,
      decayRate: Fraction.default(0.1),
      ...warmup,
    }),
    z
      .strictObject({
        type: z.literal('piecewiseConstant'),
        ...per,
        boundaries: z.array(PositiveInt).min(1),
        factors: z.array(z.number().positive()).min(2),
        ...warmup,
      })
      .refine(({ boundaries, factors }) => factors.length === boundaries.length + 1, {
        path: ['factors'],
        error: 'one more than there are boundaries',
      })
      .refine(({ boundaries }) => boundaries.every((b, i) => i === 0 || b > boundaries[i - 1]!), {
        path: ['boundaries'],
        error: 'each greater than the one before it',
      }),
    z.strictObject({
      type: z.literal('performance'),
      monitor: z.string().default('val_loss'),
      factor: Fraction.default(0.5),
      patience: PositiveInt.default(5),
      minDelta: z.number().min(0).default(1e-4),
      minLearningRate: z.number().min(0).default(0),
      ...warmup,
    }),
    z
      .strictObject({
        type: z.literal('oneCycle'),
        maxLearningRate: z.number().positive(),
        startFactor: z
          .number()
          .positive()
          .max(1)
          .default(0.1)
          .meta({ description: 'The first rate over the maximum.' }),
        finalFactor: z
          .number()
          .positive()
          .default(1e-3)
          .meta({ description: 'The last rate over the first.' }),
        upFraction: Fraction.default(0.45),
        downFraction: Fraction.default(0.45),
        maxMomentum: z.number().min(0).lt(1).default(0.95),
        minMomentum: z.number().min(0).lt(1).default(0.85),
        ...warmup,
      })
      .refine(({ minMomentum, maxMomentum }) => minMomentum <= maxMomentum, {
        path: ['minMomentum'],
        error: 'at most maxMomentum',
      })
      .refine(({ upFraction, downFraction }) => upFraction + downFraction <= 1, {
        path: ['downFraction'],
        error: 'at most what upFraction leaves of 1',
      }),
    z.strictObject({
      type: z.literal('cosine'),
      ...per,
      decaySteps: PositiveInt.optional(),
      finalFactor: z.number().min(0).lt(1).default(0),
      ...warmup,
    }),
    z
      .strictObject({
        type: z.literal('lrFinder'),
        minLearningRate: z.number().positive().default(1e-6),
        maxLearningRate: z.number().positive().default(10),
        steps: PositiveInt.min(10).optional().meta({
          description: 'How many steps the sweep has at most; as many as the stage’s epochs when left out.',
        }),
        stopFactor: z.number().gt(1).default(4).meta({
          description: 'The sweep ends once the smoothed loss is about so many times its least.',
        }),
      })
      .refine((range) => range.minLearningRate < range.maxLearningRate, {
        path: ['maxLearningRate'],
        error: 'greater than minLearningRate',
      })
      .meta({
        description:
          'A learning-rate range test (Smith 2017): the rate rises exponentially, step by step, until the loss does; a rate is proposed, and the weights are those from before the stage.',
      }),
  ])
  .meta({ id: 'Schedule' });
export type ScheduleSpec = z.infer<typeof ScheduleSpec>;
