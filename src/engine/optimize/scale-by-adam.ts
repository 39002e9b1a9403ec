import * as tf from '@tensorflow/tfjs-core';
import { movingAverage } from './moving-average.ts';
import { perWeight, type Transform } from './transform.ts';

interface Options {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/**
 * Adam's direction: m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g², update = m · √(1−β₂ᵗ)/(1−β₁ᵗ) / (√v + ε).
 * As in Keras, ε is the “epsilon hat” of the formula before section 2.1 in Kingma and Ba,
 * arXiv:1412.6980: it is added to the root before that is corrected for bias.
 */
export function scaleByAdam({ beta1, beta2, epsilon }: Options): Transform {
  return {
    ...perWeight({ m: 0, v: 0 }, (gradient, slots, { correction }) => {
      const m = movingAverage(slots.m, gradient, beta1);
      const v = movingAverage(slots.v, tf.square(gradient), beta2);
      const update = tf.div(tf.mul(m, correction!), tf.add(tf.sqrt(v), epsilon));
      return { update, slots: { m, v } };
    }),
    scalars: ({ step }) => ({ correction: Math.sqrt(1 - beta2 ** step) / (1 - beta1 ** step) }),
  };
}

/**
 * AdaMax's direction: m as Adam's, u ← max(β₂u, |g|), update = m / (1−β₁ᵗ) / (u + ε).
 * Kingma and Ba, arXiv:1412.6980, section 7.1.
 */
export function scaleByAdamax({ beta1, beta2, epsilon }: Options): Transform {
  return {
    ...perWeight({ m: 0, u: 0 }, (gradient, slots, { correction }) => {
      const m = movingAverage(slots.m, gradient, beta1);
      const u = tf.maximum(tf.mul(slots.u, beta2), tf.abs(gradient));
      return { update: tf.div(tf.mul(m, correction!), tf.add(u, epsilon)), slots: { m, u } };
    }),
    scalars: ({ step }) => ({ correction: 1 / (1 - beta1 ** step) }),
  };
}
