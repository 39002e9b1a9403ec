import type { LayerType } from '../../../spec/layer.ts';
import type { LayerFunction } from '../layer.ts';
import { activation } from './activation.ts';
import { flatten, reshape, upSampling, zeroPadding } from './arrangement.ts';
import { conv1d } from './conv1d.ts';
import { conv2d } from './conv2d.ts';
import { conv2dTranspose } from './conv2d-transpose.ts';
import { dense } from './dense.ts';
import { depthwiseConv2d } from './depthwise-conv2d.ts';
import { alphaDropout, dropout, gaussianNoise, spatialDropout } from './dropout.ts';
import { embedding } from './embedding.ts';
import { gru } from './gru.ts';
import { lstm } from './lstm.ts';
import { add, average, concat, maximum, multiply, subtract } from './merge.ts';
import { batchNorm, layerNorm } from './normalization.ts';
import { avgPool, globalAvgPool, globalMaxPool, maxPool } from './pool.ts';
import { separableConv2d } from './separable-conv2d.ts';
import { simpleRnn } from './simple-rnn.ts';

/** Every layer that the spec offers. */
export const LAYERS: { readonly [T in LayerType]: LayerFunction<T> } = {
  dense,
  conv1d,
  conv2d,
  conv2dTranspose,
  depthwiseConv2d,
  separableConv2d,
  maxPool,
  avgPool,
  globalMaxPool,
  globalAvgPool,
  flatten,
  reshape,
  upSampling,
  zeroPadding,
  batchNorm,
  layerNorm,
  activation,
  dropout,
  spatialDropout,
  alphaDropout,
  gaussianNoise,
  embedding,
  simpleRnn,
  lstm,
  gru,
  add,
  subtract,
  multiply,
  average,
  maximum,
  concat,
};
