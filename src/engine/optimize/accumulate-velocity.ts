import * as tf from '@tensorflow/tfjs-core';
import { perWeight, type Transform } from './transform.ts';

/**
 * Momentum as Keras defines it: velocity ← momentum · velocity + update, where the update already holds
 * −learningRate, so a rate that changes never rescales the past. The step is the velocity; with Nesterov,
 * where the velocity will have carried it: momentum · velocity + update.
 */
export function accumulateVelocity({
  momentum,
  nesterov,
}: {
  momentum: number;
  nesterov: boolean;
}): Transform {
  return {
    ...perWeight({ velocity: 0 }, (update, slots, { momentum }) => {
      const velocity = tf.add(tf.mul(slots.velocity, momentum!), update);
      return {
        update: nesterov ? tf.add(tf.mul(velocity, momentum!), update) : velocity,
        slots: { velocity },
      };
    }),
    scalars: (moment) => ({ momentum: moment.momentum ?? momentum }),
  };
}
