import { z } from 'zod';
import { LayerActivation, reluOf, slopeOf } from '../activation.ts';
import { kerasClass } from '../class.ts';
import { SlopeInitializer } from '../initializer.ts';
import { Axis, absent, weighted } from '../options.ts';

export const Activation = kerasClass({ activation: LayerActivation }, ({ activation }) => ({
  layer: { type: 'activation', activation },
}));

export const ReLU = kerasClass(
  {
    max_value: z.literal(6, { error: 'must be null or 6' }).optional(),
    negative_slope: z.number().min(0).optional(),
    threshold: z.literal(0, { error: 'must be 0' }).optional(),
  },
  (config) => ({ layer: { type: 'activation', activation: reluOf(config) ?? 'relu' } }),
  ({ max_value, negative_slope = 0 }) =>
    max_value !== undefined && negative_slope > 0
      ? { option: 'negative_slope', message: 'must be 0 where there is a max_value' }
      : undefined,
);

/** Keras’s slope where none is said. */
const LEAKY_SLOPE = 0.3;
const Slope = z.number().min(0).optional();

export const LeakyReLU = kerasClass({ alpha: Slope, negative_slope: Slope }, (config) => ({
  layer: { type: 'activation', activation: { type: 'leakyRelu', alpha: slopeOf(config, LEAKY_SLOPE)! } },
}));

/** Its slopes are shared along all axes but the channels’; one for every number there is only of vectors. */
export const PReLU = kerasClass(
  {
    ...weighted,
    alpha_initializer: SlopeInitializer,
    alpha_regularizer: absent('slopes have no penalties here'),
    alpha_constraint: absent('slopes have no constraint here'),
    shared_axes: z
      .array(z.int())
      .default([])
      .refine((axes) => axes.toSorted().every((axis, i) => axis === i + 1), {
        error: 'must be all axes but the last: [1] of sequences, [1, 2] of pictures',
      }),
  },
  ({ alpha_initializer: initial, shared_axes: shared }) => ({
    layer: { type: 'activation', activation: { type: 'prelu', initial } },
    inputRank: shared.length + 1,
  }),
);

export const ELU = kerasClass({ alpha: z.number().positive().default(1) }, ({ alpha }) => ({
  layer: { type: 'activation', activation: { type: 'elu', alpha } },
}));

/** Along the last axis: it may be counted from the front, which says how many axes there are. */
export const Softmax = kerasClass(
  { axis: Axis },
  ({ axis }) => ({
    layer: { type: 'activation', activation: 'softmax' },
    ...(axis > 0 && { inputRank: axis }),
  }),
  ({ axis }) => (axis < -1 || axis === 0 ? { option: 'axis', message: 'must be the last axis' } : undefined),
);
