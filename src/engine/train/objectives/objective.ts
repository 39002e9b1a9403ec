import type { Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';

/** One batch on the device. */
export interface BatchTensors {
  readonly x: Tensor;
  readonly y: Tensor2D;
  readonly weights?: Tensor1D | undefined;
}

/** What a stage minimises, penalties apart: a pure function of what the network puts out for a batch. */
export interface Objective {
  loss(outputs: Tensor2D, batch: BatchTensors): Scalar;
}
