import { z } from 'zod';
import { type Activation, activationName } from './activation.ts';

const Plain = z.enum([
  'glorotNormal',
  'glorotUniform',
  'heNormal',
  'heUniform',
  'lecunNormal',
  'lecunUniform',
  'orthogonal',
  'zeros',
  'ones',
]);

/** How a kernel's initial values are drawn. */
export const Initializer = z.union([
  Plain,
  z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('constant'), value: z.number() }),
    z.strictObject({ type: z.literal('normal'), mean: z.number().default(0), std: z.number().positive() }),
    z
      .strictObject({ type: z.literal('uniform'), low: z.number(), high: z.number() })
      .refine(({ low, high }) => low <= high, { path: ['high'], error: 'at least low' }),
  ]),
]);
export type Initializer = z.infer<typeof Initializer>;

/** What else a weight may start from, which no user says: equal parts along its last axis, each of one value. */
export type WeightInitializer = Initializer | { readonly type: 'parts'; readonly values: readonly number[] };

const RELU_FAMILY = new Set([
  'relu',
  'relu6',
  'leakyRelu',
  'rrelu',
  'prelu',
  'elu',
  'gelu',
  'swish',
  'softplus',
]);

/** The initializer that suits an activation: SELU → LeCun normal, the ReLU family → He normal, else Glorot uniform. */
export function defaultInitializer(activation: Activation): Initializer {
  const name = activationName(activation);
  if (name === 'selu') return 'lecunNormal';
  return RELU_FAMILY.has(name) ? 'heNormal' : 'glorotUniform';
}
