import { z } from 'zod';
import { Identifier } from './common.ts';
import { DenseLayer, LayerSpec } from './layer.ts';

/** The output layer's settings; its units and activation follow from the task. */
export const OutputSpec = DenseLayer.omit({ type: true, units: true, activation: true }).extend({
  name: Identifier.default('output'),
});

export const ModelSpec = z
  .strictObject({
    layers: z.array(LayerSpec).max(2_000),
    output: OutputSpec.optional().meta({
      description: 'The output layer follows from the task; say here only what differs.',
    }),
  })
  .meta({ id: 'Model' });
export type ModelSpec = z.infer<typeof ModelSpec>;
