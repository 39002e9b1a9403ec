import * as tf from '@tensorflow/tfjs-core';
import { stateless, type Transform } from './transform.ts';

/**
 * Decoupled weight decay: adds weightDecay · weight to the direction, to be scaled by the learning rate after.
 * Like Keras's, it decays every weight that it is given, biases and gains too.
 * Loshchilov and Hutter, arXiv:1711.05101.
 */
export function addDecayedWeights(weightDecay: number): Transform {
  return stateless((update, weight) => tf.add(update, tf.mul(weight, weightDecay)));
}
