import type { LayerType } from '../../../spec/layer.ts';
import type { LayerFunction } from '../layer.ts';
import { activation } from './activation.ts';
import { batchNorm } from './batch-norm.ts';
import { conv2d } from './conv2d.ts';
import { dense } from './dense.ts';
import { depthwiseConv2d } from './depthwise-conv2d.ts';
import { alphaDropout, dropout, gaussianNoise, spatialDropout } from './dropout.ts';
import { embedding } from './embedding.ts';
import { avgPool, globalAvgPool, globalMaxPool, maxPool } from './pool.ts';
import { flatten, reshape } from './reshape.ts';
import { separableConv2d } from './separable-conv2d.ts';

/** Every layer that the spec offers. */
export const LAYERS: { readonly [T in LayerType]: LayerFunction<T> } = {
  dense,
  conv2d,
  depthwiseConv2d,
  separableConv2d,
  maxPool,
  avgPool,
  globalMaxPool,
  globalAvgPool,
  flatten,
  reshape,
  batchNorm,
  activation,
  dropout,
  spatialDropout,
  alphaDropout,
  gaussianNoise,
  embedding,
};
