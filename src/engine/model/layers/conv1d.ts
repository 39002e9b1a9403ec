import { conv2d, pad, reshape, type Tensor, type Tensor4D } from '@tensorflow/tfjs-core';
import type { LayerFunction } from '../layer.ts';
import { biasAndActivation } from './bias-and-activation.ts';

/** `[batch, length, channels]` → `[batch, length′, filters]`: a convolution over pictures that are one row high. */
export const conv1d: LayerFunction<'conv1d'> = (layer, weights, input, context) => {
  const { kernelSize, strides, padding, filters } = layer;
  const sequence = padding === 'causal' ? padStart(input, kernelSize - 1) : input;
  const [batch, length, channels] = sequence.shape as [number, number, number];
  const convolved = conv2d(
    reshape(sequence, [batch, 1, length, channels]) as Tensor4D,
    reshape(weights.kernel!, [1, kernelSize, channels, filters]) as Tensor4D,
    [1, strides],
    padding === 'same' ? 'same' : 'valid',
  );
  const linear = reshape(convolved, [batch, convolved.shape[2]!, filters]);
  return biasAndActivation(layer.activation, linear, weights, context);
};

function padStart(input: Tensor, steps: number): Tensor {
  const none: [number, number] = [0, 0];
  return pad(input, [none, [steps, 0], none]);
}
