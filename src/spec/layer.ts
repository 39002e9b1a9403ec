import { z } from 'zod';
import { Activation } from './activation.ts';
import { Identifier, PositiveInt, Rate, Shape } from './common.ts';
import { Initializer } from './initializer.ts';

const named = {
  name: Identifier.optional().meta({ description: 'Unique in the model; made from the type when left out.' }),
};

/** Penalties and constraint of a kernel. */
const penalized = {
  l1: z.number().min(0).default(0),
  l2: z.number().min(0).default(0),
  maxNorm: z
    .number()
    .positive()
    .optional()
    .meta({ description: 'Bounds the norm of each unit’s incoming weights after every step.' }),
};

const activated = {
  activation: Activation.default('linear'),
  initializer: Initializer.optional().meta({ description: 'Follows the activation when left out.' }),
  useBias: z.boolean().default(true),
};

const Pair = z.union([PositiveInt, z.tuple([PositiveInt, PositiveInt])]);
const Padding = z.enum(['valid', 'same']).default('valid');
const convolution = { kernelSize: Pair, strides: Pair.default(1), padding: Padding };
const pooling = { poolSize: Pair.default(2), strides: Pair.optional(), padding: Padding };

export const DenseLayer = z.strictObject({
  type: z.literal('dense'),
  ...named,
  units: PositiveInt,
  ...activated,
  ...penalized,
});
export const Conv2dLayer = z.strictObject({
  type: z.literal('conv2d'),
  ...named,
  filters: PositiveInt,
  ...convolution,
  ...activated,
  ...penalized,
});
export const DepthwiseConv2dLayer = z.strictObject({
  type: z.literal('depthwiseConv2d'),
  ...named,
  depthMultiplier: PositiveInt.default(1),
  ...convolution,
  ...activated,
  ...penalized,
});
export const SeparableConv2dLayer = z.strictObject({
  type: z.literal('separableConv2d'),
  ...named,
  filters: PositiveInt,
  depthMultiplier: PositiveInt.default(1),
  ...convolution,
  ...activated,
  ...penalized,
});
export const MaxPoolLayer = z.strictObject({ type: z.literal('maxPool'), ...named, ...pooling });
export const AvgPoolLayer = z.strictObject({ type: z.literal('avgPool'), ...named, ...pooling });
export const GlobalMaxPoolLayer = z.strictObject({ type: z.literal('globalMaxPool'), ...named });
export const GlobalAvgPoolLayer = z.strictObject({ type: z.literal('globalAvgPool'), ...named });
export const FlattenLayer = z.strictObject({ type: z.literal('flatten'), ...named });
export const ReshapeLayer = z.strictObject({ type: z.literal('reshape'), ...named, shape: Shape });
export const BatchNormLayer = z.strictObject({
  type: z.literal('batchNorm'),
  ...named,
  momentum: z.number().min(0).lt(1).default(0.99),
  epsilon: z.number().positive().default(1e-3),
  axis: z
    .int()
    .default(-1)
    .meta({ description: 'The feature axis, counted with the batch as axis 0; −1 is the last.' }),
  center: z.boolean().default(true),
  scale: z.boolean().default(true),
});
export const ActivationLayer = z.strictObject({
  type: z.literal('activation'),
  ...named,
  activation: Activation,
});
export const DropoutLayer = z.strictObject({ type: z.literal('dropout'), ...named, rate: Rate });
export const SpatialDropoutLayer = z.strictObject({
  type: z.literal('spatialDropout'),
  ...named,
  rate: Rate,
});
export const AlphaDropoutLayer = z.strictObject({ type: z.literal('alphaDropout'), ...named, rate: Rate });
export const GaussianNoiseLayer = z.strictObject({
  type: z.literal('gaussianNoise'),
  ...named,
  std: z.number().min(0),
});
export const EmbeddingLayer = z.strictObject({
  type: z.literal('embedding'),
  ...named,
  inputDim: PositiveInt.meta({ description: 'How many ids there are: 0 … inputDim − 1.' }),
  outputDim: PositiveInt,
  initializer: Initializer.optional(),
  ...penalized,
});

export const LayerSpec = z
  .discriminatedUnion('type', [
    DenseLayer,
    Conv2dLayer,
    DepthwiseConv2dLayer,
    SeparableConv2dLayer,
    MaxPoolLayer,
    AvgPoolLayer,
    GlobalMaxPoolLayer,
    GlobalAvgPoolLayer,
    FlattenLayer,
    ReshapeLayer,
    BatchNormLayer,
    ActivationLayer,
    DropoutLayer,
    SpatialDropoutLayer,
    AlphaDropoutLayer,
    GaussianNoiseLayer,
    EmbeddingLayer,
  ])
  .meta({ id: 'Layer' });
export type LayerSpec = z.infer<typeof LayerSpec>;
export type LayerType = LayerSpec['type'];
export type LayerOf<T extends LayerType> = Extract<LayerSpec, { type: T }>;

/** A layer of a network: its spec with its name settled. */
export type NamedLayer = LayerSpec & { name: string };

/** Layers that draw random numbers when dropout is on; MC dropout needs at least one. */
const STOCHASTIC: ReadonlySet<LayerType> = new Set([
  'dropout',
  'spatialDropout',
  'alphaDropout',
  'gaussianNoise',
]);

/** Whether the layer's output is random in MC dropout: a dropout layer, or Gaussian noise, that does something. */
export function isStochastic(layer: LayerSpec): boolean {
  if (!STOCHASTIC.has(layer.type)) return false;
  return layer.type === 'gaussianNoise' ? layer.std > 0 : (layer as LayerOf<'dropout'>).rate > 0;
}
