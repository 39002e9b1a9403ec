import { z } from 'zod';
import { Task } from '../data.ts';
import { LayerResource } from './layer.ts';

/** A layer of a network that there isn't yet. */
const PlannedLayerResource = LayerResource.extend({
  reused: z.boolean().meta({ description: 'It comes from another model, weights and all.' }),
}).meta({ id: 'PlannedLayer' });

/** What a job would be, found without running it. */
export const ValidationResource = z
  .strictObject({
    layers: z.array(PlannedLayerResource),
    generator: z
      .array(LayerResource)
      .nullable()
      .meta({ description: 'The layers that a GAN makes examples up with; null for any other job.' }),
    parameters: z.int().meta({ description: 'Of `layers`.' }),
    memoryBytes: z.number().meta({
      description:
        'An estimate: weights, gradients, optimizer slots and one batch’s activations, those of a generator too.',
    }),
    task: Task,
    warnings: z.array(z.strictObject({ code: z.string(), pointer: z.string(), message: z.string() })),
  })
  .meta({ id: 'Validation' });
export type ValidationResource = z.infer<typeof ValidationResource>;
