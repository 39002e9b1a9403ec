import { conv2d, depthwiseConv2d, type Tensor4D } from '@tensorflow/tfjs-core';
import { pair } from '../../../spec/shapes.ts';
import type { LayerFunction } from '../layer.ts';
import { biasAndActivation } from './bias-and-activation.ts';

/** A depthwise convolution, then a 1×1 convolution over its channels (Chollet 2017). */
export const separableConv2d: LayerFunction<'separableConv2d'> = (layer, weights, input, context) => {
  const depthwise = weights.depthwiseKernel as Tensor4D;
  const channels = depthwiseConv2d(input as Tensor4D, depthwise, pair(layer.strides), layer.padding);
  const mixed = conv2d(channels, weights.pointwiseKernel as Tensor4D, 1, 'valid');
  return biasAndActivation(layer.activation, mixed, weights, context);
};
