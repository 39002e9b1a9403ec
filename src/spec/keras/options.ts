import { z } from 'zod';
import { PositiveInt } from '../common.ts';
import { LayerActivation } from './activation.ts';
import { ZerosInitializer } from './initializer.ts';

/**
 * Options that several of Keras's classes have. One that is null is left out before they are looked at, so
 * optional says enough.
 */

/** An option that must be off: left out, null or false. */
export function absent(why: string) {
  return z.literal(false, { error: why }).optional();
}

function isAll(value: unknown, wanted: number): boolean {
  return [value].flat().every((n) => n === wanted);
}

/** Of which only 1, for every axis, is taken. */
function ones(why: string) {
  return z
    .unknown()
    .refine((value) => isAll(value, 1), why)
    .optional();
}

/** A dropout within a layer, of which only 0 is taken. */
export function noDropout() {
  return z.literal(0, { error: 'must be 0: put a Dropout layer before this one' }).optional();
}

/** One number for both axes, or a pair. */
export const Pair = z.unknown().transform((value, context): [number, number] => {
  const { data } = z
    .array(PositiveInt)
    .length(2)
    .safeParse(typeof value === 'number' ? [value, value] : value);
  if (data !== undefined) return data as [number, number];
  context.addIssue({ code: 'custom', message: 'must be a whole number from 1 up, or a pair of them' });
  return z.NEVER;
});

/** One number, or a list of it alone, as options along a sequence are written. */
export const Single = z.unknown().transform((value, context): number => {
  const { data } = PositiveInt.safeParse(Array.isArray(value) && value.length === 1 ? value[0] : value);
  if (data !== undefined) return data;
  context.addIssue({ code: 'custom', message: 'must be one whole number from 1 up' });
  return z.NEVER;
});

/** One number, or a list of one: Keras has batch norm's axis in a list. */
export const Axis = z
  .unknown()
  .transform((value, context): number => {
    const { data } = z.int().safeParse(Array.isArray(value) && value.length === 1 ? value[0] : value);
    if (data !== undefined) return data;
    context.addIssue({ code: 'custom', message: 'must be one axis' });
    return z.NEVER;
  })
  .default(-1);

export const Padding = z.enum(['valid', 'same']).default('valid');

export const spatial = {
  data_format: z
    .literal(['channels_last', 'channelsLast'], { error: 'must be channels_last: channels come last here' })
    .optional(),
};

/** Of layers that have weights. */
export const weighted = {
  activity_regularizer: absent('outputs can’t be regularized here, kernels can'),
};

export const biased = {
  use_bias: z.boolean().default(true),
  bias_initializer: ZerosInitializer,
  bias_regularizer: absent('biases can’t be regularized here, kernels can'),
  bias_constraint: absent('biases can’t be constrained here, kernels can'),
};

export const activated = { activation: LayerActivation.default('linear') };

export const convolution = {
  ...spatial,
  ...weighted,
  ...biased,
  ...activated,
  dilation_rate: ones('must be 1: dilated convolutions can’t be trained here'),
  groups: ones('must be 1: there are no grouped convolutions here'),
};
