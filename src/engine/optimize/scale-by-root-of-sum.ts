import * as tf from '@tensorflow/tfjs-core';
import { perWeight, type Transform } from './transform.ts';

/**
 * AdaGrad's scale: accumulator ← accumulator + g², update = g / √(accumulator + ε); ε stands under the root,
 * as in Keras. Duchi, Hazan and Singer, JMLR 12 (2011).
 */
export function scaleByRootOfSum(options: { initialAccumulator: number; epsilon: number }): Transform {
  return perWeight({ accumulator: options.initialAccumulator }, (gradient, slots) => {
    const accumulator = tf.add(slots.accumulator, tf.square(gradient));
    return {
      update: tf.div(gradient, tf.sqrt(tf.add(accumulator, options.epsilon))),
      slots: { accumulator },
    };
  });
}
