import * as tf from '@tensorflow/tfjs-core';
import {
  ACTIVATION_DEFAULTS,
  type Activation,
  type ActivationName,
  activationName,
} from '../../spec/activation.ts';
import type { Tensors } from '../tensors.ts';
import type { LayerContext } from './layer.ts';

/** What activations that learn or draw need of the layer that they belong to. */
interface Surroundings {
  readonly weights: Tensors;
  readonly context: Pick<LayerContext, 'mode' | 'random'>;
}

/**
 * An activation, element by element; softmax over the last axis. Names and formulas are Keras's, with the
 * exact (erf) form of GELU.
 */
export function activate(activation: Activation, x: tf.Tensor, surroundings: Surroundings): tf.Tensor {
  const name = activationName(activation);
  const given = typeof activation === 'object' ? activation : {};
  return ACTIVATIONS[name](x, { ...DEFAULTS[name], ...given }, surroundings);
}

type Parameters = Partial<Record<'alpha' | 'lower' | 'upper' | 'initial', number>>;
type ActivationFunction = (x: tf.Tensor, parameters: Parameters, surroundings: Surroundings) => tf.Tensor;

const DEFAULTS: Readonly<Partial<Record<ActivationName, Parameters>>> = ACTIVATION_DEFAULTS;

const ACTIVATIONS: Readonly<Record<ActivationName, ActivationFunction>> = {
  linear: (x) => x,
  sigmoid: (x) => tf.sigmoid(x),
  tanh: (x) => tf.tanh(x),
  relu: (x) => tf.relu(x),
  // tfjs's own makes a number of what is none on wasm, which hides that a training has diverged.
  relu6: (x) => tf.clipByValue(tf.relu(x), 0, 6),
  leakyRelu: (x, { alpha }) => tf.leakyRelu(x, alpha),
  rrelu: (x, { lower, upper }, { context }) => rrelu(x, lower!, upper!, context),
  prelu: (x, _parameters, { weights }) => sloped(x, weights.alpha!),
  elu: (x, { alpha }) => elu(x, alpha!),
  selu: (x) => selu(x),
  gelu: (x) => tf.mul(x, tf.mul(0.5, tf.add(1, tf.erf(tf.mul(x, Math.SQRT1_2))))),
  swish: (x) => tf.mul(x, tf.sigmoid(x)),
  softplus: (x) => tf.softplus(x),
  softmax: (x) => tf.softmax(x),
};

/** SELU's λ and λα: Klambauer et al., arXiv:1706.02515. */
const [LAMBDA, LAMBDA_ALPHA] = [1.0507009873554805, 1.7580993408473768];

/** Its slope follows from its value, as in TensorFlow: below zero λαeˣ is the value + λα, so x needn't be kept. */
const selu = tf.customGrad((x, save) => {
  const value = tf.selu(x as tf.Tensor);
  (save as tf.GradSaveFunc)([value]);
  const gradFunc = (dy: tf.Tensor, [y]: tf.Tensor[]) =>
    tf.mul(dy, tf.where(tf.greater(y!, 0), tf.scalar(LAMBDA), tf.add(y!, LAMBDA_ALPHA)));
  return { value, gradFunc };
});

/** α(eˣ − 1) below zero and x above: α times the plain ELU, and what that leaves of x above zero. */
function elu(x: tf.Tensor, alpha: number): tf.Tensor {
  if (alpha === 1) return tf.elu(x);
  return tf.add(tf.mul(tf.elu(x), alpha), tf.mul(tf.relu(x), 1 - alpha));
}

/**
 * Randomized leaky ReLU (Xu et al., arXiv:1505.00853): in training each element's slope below zero is drawn from
 * [lower, upper); outside it, Monte-Carlo dropout included, the slope is their mean.
 */
function rrelu(
  x: tf.Tensor,
  lower: number,
  upper: number,
  { mode, random }: Surroundings['context'],
): tf.Tensor {
  if (mode !== 'train') return tf.leakyRelu(x, (lower + upper) / 2);
  const slopes = tf.add(tf.mul(random.uniform(x.shape), upper - lower), lower);
  return sloped(x, slopes);
}

/** x above zero and slope · x below, of slopes that broadcast over x. */
function sloped(x: tf.Tensor, slopes: tf.Tensor): tf.Tensor {
  return tf.sub(tf.relu(x), tf.mul(slopes, tf.relu(tf.neg(x))));
}
