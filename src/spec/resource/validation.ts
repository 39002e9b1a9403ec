import { z } from 'zod';
import { Task } from '../data.ts';

/** What a job would be, found without running it. */
export const ValidationResource = z
  .strictObject({
    layers: z.array(
      z.strictObject({
        name: z.string(),
        type: z.string(),
        inputShape: z.array(z.int()),
        outputShape: z.array(z.int()),
        parameters: z.int(),
      }),
    ),
    parameters: z.int(),
    memoryBytes: z.number().meta({
      description: 'An estimate: weights, gradients, optimizer slots and one batch’s activations.',
    }),
    task: Task,
    warnings: z.array(z.strictObject({ code: z.string(), pointer: z.string(), message: z.string() })),
  })
  .meta({ id: 'Validation' });
export type ValidationResource = z.infer<typeof ValidationResource>;
