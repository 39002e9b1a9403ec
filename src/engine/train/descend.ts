import type { Scalar } from '@tensorflow/tfjs-core';
import { globalNorm } from '../optimize/global-norm.ts';
import { applyUpdates, type Transform } from '../optimize/transform.ts';
import type { Tensors } from '../tensors.ts';

/** Moves weights by their gradients, all three under the same names; of the slots it gives those that moved. */
export type Descend = (
  optimizer: Transform,
  gradients: Tensors,
  from: { readonly weights: Tensors; readonly slots: Tensors },
  scalars: Readonly<Record<string, Scalar>>,
) => Descent;

export interface Descent {
  readonly weights: Tensors;
  readonly slots: Tensors;
  /** The joint norm of all gradients, before clipping. */
  readonly gradientNorm: Scalar;
}

/** Moves each weight by itself. */
export const descend: Descend = (optimizer, gradients, { weights, slots }, scalars) => {
  const step = optimizer.update(gradients, slots, weights, scalars);
  return {
    weights: applyUpdates(weights, step.updates),
    slots: step.slots,
    gradientNorm: globalNorm(gradients),
  };
};
