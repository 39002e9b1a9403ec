import * as tf from '@tensorflow/tfjs-core';
import { type Activation, type ActivationName, activationName } from '../../spec/activation.ts';

/**
 * An activation, element by element; softmax over the last axis. Names and formulas are Keras's, with the
 * exact (erf) form of GELU.
 */
export function activate(activation: Activation, x: tf.Tensor): tf.Tensor {
  const alpha = typeof activation === 'object' ? activation.alpha : undefined;
  return ACTIVATIONS[activationName(activation)](x, alpha);
}

const ACTIVATIONS: Readonly<Record<ActivationName, (x: tf.Tensor, alpha?: number) => tf.Tensor>> = {
  linear: (x) => x,
  sigmoid: (x) => tf.sigmoid(x),
  tanh: (x) => tf.tanh(x),
  relu: (x) => tf.relu(x),
  leakyRelu: (x, alpha = 0.2) => tf.leakyRelu(x, alpha),
  elu: (x, alpha = 1) => elu(x, alpha),
  selu: (x) => tf.selu(x),
  gelu: (x) => tf.mul(x, tf.mul(0.5, tf.add(1, tf.erf(tf.mul(x, Math.SQRT1_2))))),
  swish: (x) => tf.mul(x, tf.sigmoid(x)),
  softplus: (x) => tf.softplus(x),
  softmax: (x) => tf.softmax(x),
};

/** α(eˣ − 1) below zero and x above: α times the plain ELU, and what that leaves of x above zero. */
function elu(x: tf.Tensor, alpha: number): tf.Tensor {
  if (alpha === 1) return tf.elu(x);
  return tf.add(tf.mul(tf.elu(x), alpha), tf.mul(tf.relu(x), 1 - alpha));
}
