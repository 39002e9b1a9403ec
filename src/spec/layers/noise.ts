import { z } from 'zod';
import { Rate } from '../common.ts';
import { placed } from './fields.ts';

export const DropoutLayer = z.strictObject({ type: z.literal('dropout'), ...placed, rate: Rate });
export const SpatialDropoutLayer = z.strictObject({
  type: z.literal('spatialDropout'),
  ...placed,
  rate: Rate,
});
export const AlphaDropoutLayer = z.strictObject({ type: z.literal('alphaDropout'), ...placed, rate: Rate });
export const GaussianNoiseLayer = z.strictObject({
  type: z.literal('gaussianNoise'),
  ...placed,
  std: z.number().min(0),
});
