import * as tf from '@tensorflow/tfjs-core';

/** |x| with the gradient sign(x): tfjs's own is −1 at zero, which would push weights and errors off it. */
export const absolute: (x: tf.Tensor) => tf.Tensor = tf.customGrad((x, save) => {
  const input = x as tf.Tensor;
  (save as tf.GradSaveFunc)([input]);
  return {
    value: tf.abs(input),
    gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(dy, tf.sign(saved[0]!)),
  };
});
