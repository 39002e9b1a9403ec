import { conv2d as convolve, type Tensor4D } from '@tensorflow/tfjs-core';
import { pair } from '../../../spec/shapes.ts';
import type { LayerFunction } from '../layer.ts';
import { biasAndActivation } from './bias-and-activation.ts';

/** `[batch, height, width, channels]` → `[batch, height′, width′, filters]`. */
export const conv2d: LayerFunction<'conv2d'> = (layer, weights, input, context) =>
  biasAndActivation(
    layer.activation,
    convolve(input as Tensor4D, weights.kernel as Tensor4D, pair(layer.strides), layer.padding),
    weights,
    context,
  );
