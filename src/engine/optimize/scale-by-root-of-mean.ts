import * as tf from '@tensorflow/tfjs-core';
import { movingAverage } from './moving-average.ts';
import { perWeight, type Transform } from './transform.ts';

interface Options {
  readonly rho: number;
  readonly epsilon: number;
}

/** RMSProp's scale: meanSquare ← ρ·meanSquare + (1−ρ)·g², update = g / √(meanSquare + ε). Hinton (2012). */
export function scaleByRootOfMean({ rho, epsilon }: Options): Transform {
  return perWeight({ meanSquare: 0 }, (gradient, slots) => {
    const meanSquare = movingAverage(slots.meanSquare, tf.square(gradient), rho);
    return { update: tf.div(gradient, tf.sqrt(tf.add(meanSquare, epsilon))), slots: { meanSquare } };
  });
}

/** Centered RMSProp: the mean gradient's square is taken off, so the divisor estimates the variance. */
export function scaleByStandardDeviation({ rho, epsilon }: Options): Transform {
  return perWeight({ meanSquare: 0, mean: 0 }, (gradient, slots) => {
    const meanSquare = movingAverage(slots.meanSquare, tf.square(gradient), rho);
    const mean = movingAverage(slots.mean, gradient, rho);
    // Rounding can take the difference of two nearly equal numbers below zero, and the root would be NaN.
    const variance = tf.relu(tf.sub(meanSquare, tf.square(mean)));
    return {
      update: tf.div(gradient, tf.sqrt(tf.add(variance, epsilon))),
      slots: { meanSquare, mean },
    };
  });
}
