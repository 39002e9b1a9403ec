import { z } from 'zod';
import { placed } from './fields.ts';

const merging = { ...placed, inputs: placed.inputs.unwrap().min(2) };

/** Layers that take several others: element by element, of equal shapes. */
export const AddLayer = z.strictObject({ type: z.literal('add'), ...merging });
export const SubtractLayer = z.strictObject({
  type: z.literal('subtract'),
  ...merging,
  inputs: merging.inputs.max(2),
});
export const MultiplyLayer = z.strictObject({ type: z.literal('multiply'), ...merging });
export const AverageLayer = z.strictObject({ type: z.literal('average'), ...merging });
export const MaximumLayer = z.strictObject({ type: z.literal('maximum'), ...merging });
/** One after another along an axis, in which alone their shapes may differ. */
export const ConcatLayer = z.strictObject({
  type: z.literal('concat'),
  ...merging,
  axis: z.int().default(-1).meta({ description: 'Counted with the batch as axis 0; −1 is the last.' }),
});
