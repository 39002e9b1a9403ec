import { z } from 'zod';

/**
 * The `weightsManifest` of a `model.json`: groups of weights that lie end to end in the group's shards, which are
 * read as one file.
 */

const Quantized = z.strictObject({
  dtype: z.enum(['uint8', 'uint16']),
  min: z.number(),
  scale: z.number(),
  original_dtype: z.string().optional(),
});
const Halved = z.object({ dtype: z.literal('float16') });

const ManifestWeight = z.object({
  name: z.string().min(1).max(1_000),
  shape: z.array(z.int().min(0)).max(8),
  dtype: z.enum(['float32', 'int32', 'bool', 'float16'], {
    error: 'must be float32, float16, int32 or bool',
  }),
  quantization: z.union([Quantized, Halved]).optional(),
});
export type ManifestWeight = z.infer<typeof ManifestWeight>;

export const WeightsManifest = z
  .array(
    z.object({
      paths: z.array(z.string().min(1).max(1_000)).min(1).max(10_000),
      weights: z.array(ManifestWeight).max(50_000),
    }),
  )
  .min(1)
  .max(1_000);
export type WeightsManifest = z.infer<typeof WeightsManifest>;
