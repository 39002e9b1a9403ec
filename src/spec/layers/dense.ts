import { z } from 'zod';
import { PositiveInt } from '../common.ts';
import { Initializer } from '../initializer.ts';
import { activated, penalized, placed } from './fields.ts';

export const DenseLayer = z.strictObject({
  type: z.literal('dense'),
  ...placed,
  units: PositiveInt,
  ...activated,
  ...penalized,
});

export const EmbeddingLayer = z.strictObject({
  type: z.literal('embedding'),
  ...placed,
  inputDim: PositiveInt.meta({ description: 'How many ids there are: 0 … inputDim − 1.' }),
  outputDim: PositiveInt,
  initializer: Initializer.optional(),
  ...penalized,
});
