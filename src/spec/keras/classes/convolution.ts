import { z } from 'zod';
import { PositiveInt } from '../../common.ts';
import { kerasClass } from '../class.ts';
import { KernelInitializer } from '../initializer.ts';
import { absent, convolution, Padding, Pair, Single } from '../options.ts';
import { maxNorm, Regularizer } from '../penalty.ts';

const kernel = { kernel_initializer: KernelInitializer, kernel_regularizer: Regularizer };
const pictures = { kernel_size: Pair, strides: Pair.default([1, 1]), padding: Padding };

export const Conv1D = kerasClass(
  {
    ...convolution,
    ...kernel,
    filters: PositiveInt,
    kernel_size: Single,
    strides: Single.default(1),
    padding: z.enum(['valid', 'same', 'causal']).default('valid'),
    kernel_constraint: maxNorm(0, 1),
  },
  (config) => ({
    layer: { type: 'conv1d', filters: config.filters, ...windowOf(config), ...kernelOf(config) },
  }),
);

export const Conv2D = kerasClass(
  { ...convolution, ...pictures, ...kernel, filters: PositiveInt, kernel_constraint: maxNorm(0, 1, 2) },
  (config) => ({
    layer: { type: 'conv2d', filters: config.filters, ...windowOf(config), ...kernelOf(config) },
  }),
);

export const Conv2DTranspose = kerasClass(
  {
    ...convolution,
    ...pictures,
    ...kernel,
    filters: PositiveInt,
    output_padding: absent('must be null: the output has the least size that leaves no gap'),
    kernel_constraint: absent('the kernel of a Conv2DTranspose can’t be constrained here'),
  },
  (config) => ({
    layer: {
      type: 'conv2dTranspose',
      filters: config.filters,
      ...windowOf(config),
      ...kernelOf({ ...config, kernel_constraint: {} }),
    },
  }),
);

const depthwise = {
  depth_multiplier: PositiveInt.default(1),
  depthwise_initializer: KernelInitializer,
  depthwise_regularizer: Regularizer,
  depthwise_constraint: maxNorm(0, 1),
};

export const DepthwiseConv2D = kerasClass({ ...convolution, ...pictures, ...depthwise }, (config) => ({
  layer: {
    type: 'depthwiseConv2d',
    depthMultiplier: config.depth_multiplier,
    ...windowOf(config),
    ...kernelOf({
      ...config,
      kernel_initializer: config.depthwise_initializer,
      kernel_regularizer: config.depthwise_regularizer,
      kernel_constraint: config.depthwise_constraint,
    }),
  },
}));

/** Ours has one initializer, penalty and bound for both of its kernels. */
export const SeparableConv2D = kerasClass(
  {
    ...convolution,
    ...pictures,
    ...depthwise,
    filters: PositiveInt,
    pointwise_initializer: KernelInitializer,
    pointwise_regularizer: Regularizer,
    pointwise_constraint: maxNorm(0, 1, 2),
  },
  (config) => ({
    layer: {
      type: 'separableConv2d',
      filters: config.filters,
      depthMultiplier: config.depth_multiplier,
      ...windowOf(config),
      ...kernelOf({
        ...config,
        kernel_initializer: config.pointwise_initializer,
        kernel_regularizer: config.pointwise_regularizer,
        kernel_constraint: config.pointwise_constraint,
      }),
    },
  }),
  (config) => {
    const differs = (['initializer', 'regularizer', 'constraint'] as const).find(
      (kind) => JSON.stringify(config[`pointwise_${kind}`]) !== JSON.stringify(config[`depthwise_${kind}`]),
    );
    if (differs === undefined) return undefined;
    const message = `must be the same as depthwise_${differs}: both kernels have one here`;
    return { option: `pointwise_${differs}`, message };
  },
);

interface Kernel {
  readonly activation: z.output<typeof convolution.activation>;
  readonly use_bias: boolean;
  readonly kernel_initializer: z.output<typeof KernelInitializer>;
  readonly kernel_regularizer: z.output<typeof Regularizer>;
  readonly kernel_constraint: { maxNorm?: number };
}

function kernelOf(config: Kernel) {
  const { activation, use_bias, kernel_initializer, kernel_regularizer, kernel_constraint } = config;
  return {
    activation,
    useBias: use_bias,
    initializer: kernel_initializer,
    ...kernel_regularizer,
    ...kernel_constraint,
  };
}

function windowOf<Size, Strides, Edges>(config: { kernel_size: Size; strides: Strides; padding: Edges }) {
  return { kernelSize: config.kernel_size, strides: config.strides, padding: config.padding };
}
