import { z } from 'zod';

/** What a stage minimises; it follows from the task when left out. */
export const LossSpec = z
  .discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('categoricalCrossEntropy'),
      labelSmoothing: z.number().min(0).lt(1).default(0),
    }),
    z.strictObject({
      type: z.literal('binaryCrossEntropy'),
      labelSmoothing: z
        .number()
        .min(0)
        .lt(1)
        .default(0)
        .meta({ description: 'Half of it is taken from 1 and given to 0, as Keras does: y(1 − s) + s/2.' }),
    }),
    z.strictObject({ type: z.literal('mse') }),
    z.strictObject({ type: z.literal('mae') }),
    z.strictObject({ type: z.literal('huber'), delta: z.number().positive().default(1) }),
    z.strictObject({ type: z.literal('gaussianNll') }).meta({
      description:
        'The network says a mean and the logarithm s of a variance: ½(s + (y − mean)²e⁻ˢ) (Nix and Weigend 1994). In stages with another loss only the mean learns.',
    }),
  ])
  .meta({ id: 'Loss' });
export type LossSpec = z.infer<typeof LossSpec>;

/** What a stage learns from: for now, the target. */
export const ObjectiveSpec = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('supervised'), loss: LossSpec.optional() }),
]);
export type ObjectiveSpec = z.infer<typeof ObjectiveSpec>;
