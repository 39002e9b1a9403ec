import { z } from 'zod';
import { Activation, activationName } from './activation.ts';
import { FlattenLayer, ReshapeLayer, UpSamplingLayer, ZeroPaddingLayer } from './layers/arrangement.ts';
import {
  Conv1dLayer,
  Conv2dLayer,
  Conv2dTransposeLayer,
  DepthwiseConv2dLayer,
  SeparableConv2dLayer,
} from './layers/convolution.ts';
import { DenseLayer, EmbeddingLayer } from './layers/dense.ts';
import { placed } from './layers/fields.ts';
import {
  AddLayer,
  AverageLayer,
  ConcatLayer,
  MaximumLayer,
  MultiplyLayer,
  SubtractLayer,
} from './layers/merge.ts';
import { AlphaDropoutLayer, DropoutLayer, GaussianNoiseLayer, SpatialDropoutLayer } from './layers/noise.ts';
import { BatchNormLayer, LayerNormLayer } from './layers/normalization.ts';
import { AvgPoolLayer, GlobalAvgPoolLayer, GlobalMaxPoolLayer, MaxPoolLayer } from './layers/pooling.ts';
import { GruLayer, LstmLayer, SimpleRnnLayer } from './layers/recurrent.ts';

const ActivationLayer = z.strictObject({
  type: z.literal('activation'),
  ...placed,
  activation: Activation,
});

/** What a network is made of. A model may also hold composites, which stand for several of these. */
export const LayerSpec = z
  .discriminatedUnion('type', [
    DenseLayer,
    Conv1dLayer,
    Conv2dLayer,
    Conv2dTransposeLayer,
    DepthwiseConv2dLayer,
    SeparableConv2dLayer,
    MaxPoolLayer,
    AvgPoolLayer,
    GlobalMaxPoolLayer,
    GlobalAvgPoolLayer,
    FlattenLayer,
    ReshapeLayer,
    UpSamplingLayer,
    ZeroPaddingLayer,
    BatchNormLayer,
    LayerNormLayer,
    ActivationLayer,
    DropoutLayer,
    SpatialDropoutLayer,
    AlphaDropoutLayer,
    GaussianNoiseLayer,
    EmbeddingLayer,
    SimpleRnnLayer,
    LstmLayer,
    GruLayer,
    AddLayer,
    SubtractLayer,
    MultiplyLayer,
    AverageLayer,
    MaximumLayer,
    ConcatLayer,
  ])
  .meta({ id: 'Layer' });
export type LayerSpec = z.infer<typeof LayerSpec>;
export type LayerType = LayerSpec['type'];
export type LayerOf<T extends LayerType> = Extract<LayerSpec, { type: T }>;

/** A layer of a network: its spec with its name settled. */
export type NamedLayer = LayerSpec & { name: string };

/** Layers that draw random numbers when dropout is on; MC dropout needs at least one. */
const STOCHASTIC: ReadonlySet<string> = new Set([
  'dropout',
  'spatialDropout',
  'alphaDropout',
  'gaussianNoise',
]);

/** Whether the layer draws random numbers while it trains: what MC dropout makes random, and a randomized ReLU. */
export function isRandomInTraining(layer: LayerSpec): boolean {
  return isStochastic(layer) || ('activation' in layer && activationName(layer.activation) === 'rrelu');
}

/** Whether the layer's output is random in MC dropout: a dropout layer, or Gaussian noise, that does something. */
export function isStochastic(layer: LayerSpec): boolean {
  if (!STOCHASTIC.has(layer.type)) return false;
  return layer.type === 'gaussianNoise' ? layer.std > 0 : (layer as LayerOf<'dropout'>).rate > 0;
}
