import { z } from 'zod';
import { LayerSize } from '../common.ts';
import { Initializer } from '../initializer.ts';
import { activated, penalized, placed } from './fields.ts';

export const DenseLayer = z.strictObject({
  type: z.literal('dense'),
  ...placed,
  units: LayerSize,
  ...activated,
  ...penalized,
});

export const EmbeddingLayer = z.strictObject({
  type: z.literal('embedding'),
  ...placed,
  inputDim: LayerSize.meta({ description: 'How many ids there are: 0 … inputDim − 1.' }),
  outputDim: LayerSize,
  initializer: Initializer.optional(),
  ...penalized,
});
