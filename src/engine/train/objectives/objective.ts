import type { Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { InputEncoding } from '../../../spec/preprocess.ts';
import { type ForwardOptions, type ForwardResult, forward, type Network } from '../../model/network.ts';
import type { Tensors } from '../../tensors.ts';
import type { Batch } from '../batch.ts';
import type { BatchOrigin } from '../batch-origin.ts';

/** One batch on the device. */
export interface BatchTensors {
  readonly x: Tensor;
  readonly y: Tensor2D;
  readonly weights?: Tensor1D | undefined;
  /** [count, units]: 1 where a number of `y` is asked for, 0 where it isn't. */
  readonly asked?: Tensor2D | undefined;
  /** [count, latent]: what a generator makes examples of. */
  readonly noise?: Tensor2D | undefined;
}

/** What a stage learns from. Pure: the same for the same arguments, so that training can go on from a checkpoint. */
export interface Objective {
  /** The examples that a step learns from, made of those that the data have. */
  makeBatch(batch: Batch, origin: BatchOrigin): Batch;
  /** What the network says of them, `[count, units]`: its output before the output layer's activation. */
  respond(
    network: Network,
    weights: Tensors,
    batch: Pick<BatchTensors, 'x' | 'noise'>,
    options: ForwardOptions,
  ): ForwardResult;
  /** What is minimised, penalties apart. */
  loss(outputs: Tensor2D, batch: BatchTensors): Scalar;
}

/** What an objective may want to know of a job's inputs. */
export interface ObjectiveInputs {
  /** The shape of an encoded example. */
  readonly inputShape: readonly number[];
  /** The columns of a row, in their order. */
  readonly inputs: readonly InputEncoding[];
  /** The network that makes examples up, where one does. */
  readonly generator?: Network | undefined;
}

/** For an objective that learns from the examples as they are, and asks the network no more than its outputs. */
export const plain: Pick<Objective, 'makeBatch' | 'respond'> = {
  makeBatch: (batch) => batch,
  respond: (network, weights, { x }, options) => forward(network, weights, x, options),
};
