import { type Tensor4D, conv2dTranspose as transposed } from '@tensorflow/tfjs-core';
import { pair, spreadAlong } from '../../../spec/shapes.ts';
import type { LayerFunction } from '../layer.ts';
import { biasAndActivation } from './bias-and-activation.ts';

/** `[batch, height, width, channels]` → `[batch, height′, width′, filters]`, as a convolution’s gradient spreads it. */
export const conv2dTranspose: LayerFunction<'conv2dTranspose'> = (layer, weights, input, context) => {
  const [batch, inputHeight, inputWidth] = input.shape as [number, number, number];
  const [height, width] = pair(layer.kernelSize);
  const [strideY, strideX] = pair(layer.strides);
  const { padding } = layer;
  const outputShape: [number, number, number, number] = [
    batch,
    spreadAlong(inputHeight, height, strideY, padding),
    spreadAlong(inputWidth, width, strideX, padding),
    layer.filters,
  ];
  const kernel = weights.kernel as Tensor4D;
  const linear = transposed(input as Tensor4D, kernel, outputShape, [strideY, strideX], padding);
  return biasAndActivation(layer.activation, linear, weights, context);
};
