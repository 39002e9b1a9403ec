import { z } from 'zod';
import { placed } from './fields.ts';

const affine = { center: z.boolean().default(true), scale: z.boolean().default(true) };
const Axis = z
  .int()
  .default(-1)
  .meta({ description: 'The feature axis, counted with the batch as axis 0; −1 is the last.' });

export const BatchNormLayer = z.strictObject({
  type: z.literal('batchNorm'),
  ...placed,
  momentum: z.number().min(0).lt(1).default(0.99),
  epsilon: z.number().positive().default(1e-3),
  axis: Axis,
  ...affine,
});
export const LayerNormLayer = z.strictObject({
  type: z.literal('layerNorm'),
  ...placed,
  epsilon: z.number().positive().default(1e-3),
  axis: Axis,
  ...affine,
});
