import * as tf from '@tensorflow/tfjs-core';
import { movingAverage } from './moving-average.ts';
import { perWeight, type Transform } from './transform.ts';

/**
 * Nadam's direction: with m and v as Adam's, update = (μₜ₊₁·m / (1−Πₜ₊₁) + (1−μₜ)·g / (1−Πₜ)) / (√(v/(1−β₂ᵗ)) + ε),
 * where Πₜ = μ₁·…·μₜ and μₜ = β₁ · (1 − ½ · 0.96^(0.004·t)).
 * Dozat, “Incorporating Nesterov Momentum into Adam” (2016), as Keras up to 2.10 and PyTorch schedule μ; Keras 3
 * left out the 0.004, which all but ends the schedule within its first hundred steps.
 */
export function scaleByNadam(options: { beta1: number; beta2: number; epsilon: number }): Transform {
  const { beta1, beta2, epsilon } = options;
  return {
    ...perWeight({ m: 0, v: 0 }, (gradient, slots, { ofMean, ofGradient, ofSquare }) => {
      const m = movingAverage(slots.m, gradient, beta1);
      const v = movingAverage(slots.v, tf.square(gradient), beta2);
      const ahead = tf.add(tf.mul(m, ofMean!), tf.mul(gradient, ofGradient!));
      const update = tf.div(ahead, tf.add(tf.sqrt(tf.mul(v, ofSquare!)), epsilon));
      return { update, slots: { m, v } };
    }),
    scalars: ({ step }) => {
      const product = momentumProduct(beta1, step);
      const next = momentumAt(beta1, step + 1);
      return {
        ofMean: next / (1 - product * next),
        ofGradient: (1 - momentumAt(beta1, step)) / (1 - product),
        ofSquare: 1 / (1 - beta2 ** step),
      };
    },
  };
}

function momentumAt(beta1: number, step: number): number {
  return beta1 * (1 - 0.5 * 0.96 ** (0.004 * step));
}

/**
 * μ₁·…·μₜ as a function of the step alone, so that a resumed run needs no running product. The first factors
 * are near β₁/2, so it falls below what float64 can tell from zero next to 1 within some sixty factors, and
 * the loop ends there.
 */
function momentumProduct(beta1: number, step: number): number {
  let product = 1;
  for (let i = 1; i <= step && product > Number.EPSILON / 4; i++) product *= momentumAt(beta1, i);
  return product;
}
