import { z } from 'zod';
import { Identifier } from './common.ts';
import { DenseLayer } from './layers/dense.ts';
import { penalized } from './layers/fields.ts';
import { ListedLayer } from './listed-layer.ts';

/** The output layer's settings; its units and activation follow from the task. */
export const OutputSpec = DenseLayer.omit({ type: true, units: true, activation: true }).extend({
  name: Identifier.default('output'),
});

export const ModelSpec = z
  .strictObject({
    layers: z.array(ListedLayer).max(2_000).meta({ description: 'From the lowest up, without the output.' }),
    output: OutputSpec.optional().meta({
      description: 'The output layer follows from the task; say here only what differs.',
    }),
    ...penalized,
  })
  .meta({
    id: 'Model',
    description: '`l1`, `l2` and `maxNorm` are those of every layer with a kernel that doesn’t say its own.',
  });
export type ModelSpec = z.infer<typeof ModelSpec>;
