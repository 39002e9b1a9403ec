import { z } from 'zod';

/** Functions of one number (softmax: of a row), the same in training and outside it, without weights. */
export const PlainActivation = z.enum([
  'linear',
  'sigmoid',
  'tanh',
  'relu',
  'relu6',
  'leakyRelu',
  'elu',
  'selu',
  'gelu',
  'swish',
  'softplus',
  'softmax',
]);
export type PlainActivation = z.infer<typeof PlainActivation>;

/** What an activation takes where only its name is given. */
export const ACTIVATION_DEFAULTS = {
  leakyRelu: { alpha: 0.2 },
  elu: { alpha: 1 },
  rrelu: { lower: 1 / 8, upper: 1 / 3 },
  prelu: { initial: 0.25 },
} as const;

const Slope = z.number().min(0);
const Parametrized = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('leakyRelu'),
    alpha: Slope.default(ACTIVATION_DEFAULTS.leakyRelu.alpha),
  }),
  z.strictObject({
    type: z.literal('elu'),
    alpha: z.number().positive().default(ACTIVATION_DEFAULTS.elu.alpha),
  }),
  z
    .strictObject({
      type: z.literal('rrelu'),
      lower: Slope.default(ACTIVATION_DEFAULTS.rrelu.lower),
      upper: Slope.default(ACTIVATION_DEFAULTS.rrelu.upper),
    })
    .refine(({ lower, upper }) => lower <= upper, { path: ['upper'], error: 'at least lower' }),
  z.strictObject({
    type: z.literal('prelu'),
    initial: z.number().default(ACTIVATION_DEFAULTS.prelu.initial).meta({
      description: 'The slope below zero that each channel starts with; it is learned.',
    }),
  }),
]);

/** An activation by its name, or as an object where it has a parameter. */
export const Activation = z.union([PlainActivation, z.enum(['rrelu', 'prelu']), Parametrized]);
export type Activation = z.infer<typeof Activation>;
export type ActivationName = PlainActivation | 'rrelu' | 'prelu';

export function activationName(activation: Activation): ActivationName {
  return typeof activation === 'string' ? activation : activation.type;
}
