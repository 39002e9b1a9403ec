import * as tf from '@tensorflow/tfjs-core';
import type { LayerType } from '../../spec/layer.ts';

/**
 * Max-norm: scales each unit's incoming weights down to the norm `maxNorm` where theirs is greater.
 * Keras's `MaxNorm` with its epsilon left out, so weights within the bound stay exactly as they are.
 * @param axes those that the norm runs over; the default suits dense and convolution kernels
 */
export function applyMaxNorm(
  weight: tf.Tensor,
  maxNorm: number,
  axes: readonly number[] = allButTheLast(weight.rank),
): tf.Tensor {
  const norms = tf.sqrt(tf.sum(tf.square(weight), [...axes], true));
  return tf.mul(weight, tf.div(maxNorm, tf.maximum(norms, maxNorm)));
}

/**
 * The axes of a kernel that lead into one unit: all but the last, for dense and convolution kernels. Of a
 * depthwise kernel [height, width, channels, multiplier] each (channel, multiplier) is a unit of its own; a
 * transposed convolution's is [height, width, filters, channels], so its units are the last but one; of
 * embeddings [ids, units] each id's vector is bounded, since one id alone comes in at a time.
 */
export function incomingAxes(layer: LayerType, weightName: string, rank: number): number[] {
  if (layer === 'embedding') return [1];
  if (layer === 'conv2dTranspose') return [0, 1, 3];
  const isDepthwise = layer === 'depthwiseConv2d' || weightName === 'depthwiseKernel';
  return isDepthwise ? [0, 1] : allButTheLast(rank);
}

function allButTheLast(rank: number): number[] {
  return Array.from({ length: rank - 1 }, (_, axis) => axis);
}
