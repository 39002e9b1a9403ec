import * as tf from '@tensorflow/tfjs-core';
import type { LossSpec } from '../../spec/objective.ts';
import { absolute } from '../absolute.ts';
import type { Tensors } from '../tensors.ts';

/**
 * One loss an example, [count].
 * @param outputs [count, units]: logits of a classification, before the softmax, or of labels, before the
 *   sigmoid; standardized values of a regression. Of a Gaussian [count, 2 · units]: means, then the logarithms of
 *   the variances; losses that know no variance see the means
 * @param targets [count, units]: one-hot, labels of 0 and 1, or standardized
 */
export function exampleLosses(loss: LossSpec, outputs: tf.Tensor2D, targets: tf.Tensor2D): tf.Tensor1D {
  switch (loss.type) {
    case 'categoricalCrossEntropy':
      return crossEntropy(outputs, targets, loss.labelSmoothing);
    case 'binaryCrossEntropy':
      return tf.mean(binaryCrossEntropies(outputs, targets, loss.labelSmoothing), -1);
    case 'gaussianNll':
      return tf.mean(gaussianNlls(outputs, targets), -1);
    default:
      return tf.mean(elementLosses(loss, tf.sub(meansOf(outputs, targets), targets)), -1);
  }
}

/** The mean over the batch of weight · loss: as in Keras, divided by the count, not by the weights' sum. */
export function meanLoss(losses: tf.Tensor1D, weights?: tf.Tensor1D): tf.Scalar {
  return tf.mean(weights === undefined ? losses : tf.mul(losses, weights));
}

/**
 * The mean over the numbers that are asked for, each weighed as its example is.
 * @param asked [count, units]: 1 for a number that is, else 0
 */
export function askedLoss(
  loss: ElementLoss,
  outputs: tf.Tensor2D,
  targets: tf.Tensor2D,
  asked: tf.Tensor2D,
  weights?: tf.Tensor1D,
): tf.Scalar {
  const sums = tf.sum(tf.mul(elementLosses(loss, tf.sub(outputs, targets)), asked), -1);
  return tf.div(tf.sum(weights === undefined ? sums : tf.mul(sums, weights)), tf.sum(asked));
}

/** Kernel penalties as Keras has them: Σ l1·|w| + l2·w², without a ½. */
export function penalty(
  weights: Tensors,
  shapes: ReadonlyMap<string, { readonly l1: number; readonly l2: number }>,
): tf.Scalar {
  const terms = [...shapes].flatMap(([name, { l1, l2 }]) => [
    ...(l1 > 0 ? [tf.mul(tf.sum(absolute(weights[name]!)), l1)] : []),
    ...(l2 > 0 ? [tf.mul(tf.sum(tf.square(weights[name]!)), l2)] : []),
  ]);
  return terms.length === 0 ? tf.scalar(0) : (tf.addN(terms) as tf.Scalar);
}

/** −Σ target · log softmax(output); label smoothing s spreads s of the target evenly over the classes. */
function crossEntropy(outputs: tf.Tensor2D, targets: tf.Tensor2D, labelSmoothing: number): tf.Tensor1D {
  const units = outputs.shape[1];
  const smoothed =
    labelSmoothing === 0 ? targets : tf.add(tf.mul(targets, 1 - labelSmoothing), labelSmoothing / units);
  return tf.neg(tf.sum(tf.mul(smoothed, tf.logSoftmax(outputs)), -1));
}

/**
 * −y · log σ(output) − (1 − y) · log(1 − σ(output)) of each label. The logarithms are softplus, and neither term
 * is ever negative, so that nothing overflows or cancels, however sure the output is.
 */
function binaryCrossEntropies(outputs: tf.Tensor2D, targets: tf.Tensor2D, labelSmoothing: number): tf.Tensor {
  const smoothed =
    labelSmoothing === 0 ? targets : tf.add(tf.mul(targets, 1 - labelSmoothing), labelSmoothing / 2);
  const missed = tf.mul(smoothed, tf.softplus(tf.neg(outputs)));
  return tf.add(missed, tf.mul(tf.sub(1, smoothed), tf.softplus(outputs)));
}

/**
 * ½(s + (y − μ)²e⁻ˢ), without the constant ½ log 2π (Nix and Weigend 1994; Kendall and Gal 2017): PyTorch's
 * `GaussianNLLLoss` of the variance eˢ.
 */
function gaussianNlls(outputs: tf.Tensor2D, targets: tf.Tensor2D): tf.Tensor {
  const [count, units] = targets.shape;
  const logVariances = tf.slice(outputs, [0, units], [count, units]);
  const squares = tf.square(tf.sub(meansOf(outputs, targets), targets));
  return tf.mul(tf.add(logVariances, tf.mul(squares, tf.exp(tf.neg(logVariances)))), 0.5);
}

/** The outputs themselves, or of a Gaussian's the first half. */
function meansOf(outputs: tf.Tensor2D, targets: tf.Tensor2D): tf.Tensor2D {
  return outputs.shape[1] === targets.shape[1] ? outputs : tf.slice(outputs, [0, 0], targets.shape);
}

type ElementLoss = Extract<LossSpec, { type: 'mse' | 'mae' | 'huber' }>;

function elementLosses(loss: ElementLoss, errors: tf.Tensor): tf.Tensor {
  switch (loss.type) {
    case 'mse':
      return tf.square(errors);
    case 'mae':
      return absolute(errors);
    case 'huber': {
      // With q = the error clipped to ±δ, q(e − q/2) is e²/2 within and δ|e| − δ²/2 beyond.
      const clipped = tf.clipByValue(errors, -loss.delta, loss.delta);
      return tf.mul(clipped, tf.sub(errors, tf.mul(clipped, 0.5)));
    }
  }
}
