import * as tf from '@tensorflow/tfjs-core';
import { stateless, type Transform } from './transform.ts';

/** Turns a direction of ascent into a step of descent: −learningRate · update. */
export function scaleByLearningRate(): Transform {
  return {
    ...stateless((update, _weight, { rate }) => tf.mul(update, rate!)),
    scalars: ({ learningRate }) => ({ rate: -learningRate }),
  };
}
