import * as tf from '@tensorflow/tfjs-core';
import type { Clip } from '../../spec/optimizer.ts';
import { mapTensors } from '../tensors.ts';
import { globalNorm } from './global-norm.ts';
import { stateless, type Transform } from './transform.ts';

/**
 * Gradient clipping as in Keras and TensorFlow: each element by value, each weight's gradient by its L2 norm,
 * or all gradients by their joint norm. It stands first in a chain, before any slot sees the gradient.
 */
export function clip(spec: Clip): Transform {
  const { value, norm, globalNorm: joint } = spec;
  if (value !== undefined) return stateless((update) => clamp(update, value));
  if (norm !== undefined) return clipByNorm(norm);
  return clipByGlobalNorm(joint!);
}

function clipByNorm(bound: number): Transform {
  const clipping = stateless((update) => tf.mul(update, shrink(globalNorm({ update }), bound)));
  return { ...clipping, byWeight: true };
}

function clipByGlobalNorm(bound: number): Transform {
  return {
    init: () => ({}),
    update: (updates, slots) => {
      const factor = shrink(globalNorm(updates), bound);
      return { updates: mapTensors(updates, (update) => tf.mul(update, factor)), slots };
    },
  };
}

/** Not `tf.clipByValue`, which on wasm makes a finite number of NaN and so would hide a divergence. */
function clamp(update: tf.Tensor, bound: number): tf.Tensor {
  return tf.minimum(tf.maximum(update, -bound), bound);
}

/**
 * The factor that brings `norm` down to `bound`, and 1 within it. A norm that is not finite makes it NaN (as
 * in `tf.clip_by_global_norm`): else an overflow would quietly turn into a step of zero and hide a divergence.
 */
function shrink(norm: tf.Scalar, bound: number): tf.Scalar {
  return tf.add(tf.div(bound, tf.maximum(norm, bound)), tf.sub(norm, norm));
}
