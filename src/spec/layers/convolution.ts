import { z } from 'zod';
import { LayerSize } from '../common.ts';
import { activated, Padding, Pair, penalized, placed } from './fields.ts';

const convolution = { kernelSize: Pair, strides: Pair.default(1), padding: Padding };

/** Over sequences [length, channels]. `causal` pads at the start alone, so no step sees a later one. */
export const Conv1dLayer = z.strictObject({
  type: z.literal('conv1d'),
  ...placed,
  filters: LayerSize,
  kernelSize: LayerSize,
  strides: LayerSize.default(1),
  padding: z.enum(['valid', 'same', 'causal']).default('valid'),
  ...activated,
  ...penalized,
});
export const Conv2dLayer = z.strictObject({
  type: z.literal('conv2d'),
  ...placed,
  filters: LayerSize,
  ...convolution,
  ...activated,
  ...penalized,
});
export const Conv2dTransposeLayer = z.strictObject({
  type: z.literal('conv2dTranspose'),
  ...placed,
  filters: LayerSize,
  ...convolution,
  ...activated,
  ...penalized,
});
export const DepthwiseConv2dLayer = z.strictObject({
  type: z.literal('depthwiseConv2d'),
  ...placed,
  depthMultiplier: LayerSize.default(1),
  ...convolution,
  ...activated,
  ...penalized,
});
export const SeparableConv2dLayer = z.strictObject({
  type: z.literal('separableConv2d'),
  ...placed,
  filters: LayerSize,
  depthMultiplier: LayerSize.default(1),
  ...convolution,
  ...activated,
  ...penalized,
});
