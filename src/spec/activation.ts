import { z } from 'zod';

const Plain = z.enum([
  'linear',
  'sigmoid',
  'tanh',
  'relu',
  'leakyRelu',
  'elu',
  'selu',
  'gelu',
  'swish',
  'softplus',
  'softmax',
]);

/** An activation by its name, or as an object where it has a parameter. */
export const Activation = z.union([
  Plain,
  z.strictObject({ type: z.literal('leakyRelu'), alpha: z.number().min(0).default(0.2) }),
  z.strictObject({ type: z.literal('elu'), alpha: z.number().positive().default(1) }),
]);
export type Activation = z.infer<typeof Activation>;
export type ActivationName = z.infer<typeof Plain>;

export function activationName(activation: Activation): ActivationName {
  return typeof activation === 'string' ? activation : activation.type;
}
