import { z } from 'zod';
import { Padding, Pair, placed } from './fields.ts';

/** Over pictures [height, width, channels], or sequences [length, channels], where one number is the length. */
const pooling = { poolSize: Pair.default(2), strides: Pair.optional(), padding: Padding };

export const MaxPoolLayer = z.strictObject({ type: z.literal('maxPool'), ...placed, ...pooling });
export const AvgPoolLayer = z.strictObject({ type: z.literal('avgPool'), ...placed, ...pooling });
export const GlobalMaxPoolLayer = z.strictObject({ type: z.literal('globalMaxPool'), ...placed });
export const GlobalAvgPoolLayer = z.strictObject({ type: z.literal('globalAvgPool'), ...placed });
