import { z } from 'zod';
import { Pair, placed } from './fields.ts';

export const FlattenLayer = z.strictObject({ type: z.literal('flatten'), ...placed });

export const ReshapeLayer = z.strictObject({
  type: z.literal('reshape'),
  ...placed,
  shape: z
    .array(z.int().refine((length) => length === -1 || length > 0, 'a whole number from 1 up, or −1'))
    .min(1)
    .max(4)
    .refine((shape) => shape.filter((length) => length === -1).length <= 1, '−1 can stand for one axis only')
    .meta({ description: 'Without the batch; one axis may be −1, which takes what the others leave.' }),
});
/** Repeats rows and columns: each pixel becomes a block of this size. */
export const UpSamplingLayer = z.strictObject({
  type: z.literal('upSampling'),
  ...placed,
  size: Pair.default(2),
});

const Edge = z.int().min(0).max(10_000);
const Edges = z.tuple([Edge, Edge]);
/** Zeros around a picture: before and after along height, then along width. */
export const ZeroPaddingLayer = z.strictObject({
  type: z.literal('zeroPadding'),
  ...placed,
  padding: z.tuple([Edges, Edges]),
});
