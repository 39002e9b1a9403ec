import { z } from 'zod';
import { BatchNormLayer, LayerNormLayer } from '../../layers/normalization.ts';
import { kerasClass } from '../class.ts';
import { OnesInitializer, ZerosInitializer } from '../initializer.ts';
import { Axis, absent, weighted } from '../options.ts';

const unpenalized = absent('only kernels have penalties here');
const affine = {
  ...weighted,
  axis: Axis,
  epsilon: BatchNormLayer.shape.epsilon,
  center: z.boolean().default(true),
  scale: z.boolean().default(true),
  beta_initializer: ZerosInitializer,
  gamma_initializer: OnesInitializer,
  beta_regularizer: unpenalized,
  gamma_regularizer: unpenalized,
  beta_constraint: unpenalized,
  gamma_constraint: unpenalized,
};

export const BatchNormalization = kerasClass(
  {
    ...affine,
    momentum: BatchNormLayer.shape.momentum,
    moving_mean_initializer: ZerosInitializer,
    moving_variance_initializer: OnesInitializer,
    renorm: absent('there is no batch renormalization here'),
  },
  ({ axis, momentum, epsilon, center, scale }) => ({
    layer: { type: 'batchNorm', axis, momentum, epsilon, center, scale },
  }),
);

export const LayerNormalization = kerasClass(
  {
    ...affine,
    epsilon: LayerNormLayer.shape.epsilon,
    rms_scaling: absent('there is no RMS normalization here'),
  },
  ({ axis, epsilon, center, scale }) => ({ layer: { type: 'layerNorm', axis, epsilon, center, scale } }),
);
