import { z } from 'zod';
import { Shape } from '../common.ts';
import { Pair, placed } from './fields.ts';

export const FlattenLayer = z.strictObject({ type: z.literal('flatten'), ...placed });
export const ReshapeLayer = z.strictObject({ type: z.literal('reshape'), ...placed, shape: Shape });
/** Repeats rows and columns: each pixel becomes a block of this size. */
export const UpSamplingLayer = z.strictObject({
  type: z.literal('upSampling'),
  ...placed,
  size: Pair.default(2),
});

const Edges = z.tuple([z.int().min(0), z.int().min(0)]);
/** Zeros around a picture: before and after along height, then along width. */
export const ZeroPaddingLayer = z.strictObject({
  type: z.literal('zeroPadding'),
  ...placed,
  padding: z.tuple([Edges, Edges]),
});
