import { z } from 'zod';
import { Task } from '../data.ts';
import { LayerResource } from './layer.ts';

/** What a job would be, found without running it. */
export const ValidationResource = z
  .strictObject({
    layers: z.array(LayerResource),
    parameters: z.int(),
    memoryBytes: z.number().meta({
      description: 'An estimate: weights, gradients, optimizer slots and one batch’s activations.',
    }),
    task: Task,
    warnings: z.array(z.strictObject({ code: z.string(), pointer: z.string(), message: z.string() })),
  })
  .meta({ id: 'Validation' });
export type ValidationResource = z.infer<typeof ValidationResource>;
