import * as tf from '@tensorflow/tfjs-core';
import type { Tensors } from '../tensors.ts';

/** The L2 norm of all elements of all tensors together; zero for none. */
export function globalNorm(tensors: Tensors): tf.Scalar {
  const squares = Object.values(tensors).map((tensor) => tf.sum(tf.square(tensor)));
  return squares.length === 0 ? tf.scalar(0) : tf.sqrt(tf.addN(squares) as tf.Scalar);
}
