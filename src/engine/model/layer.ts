import type { Tensor } from '@tensorflow/tfjs-core';
import type { LayerOf, LayerType } from '../../spec/layer.ts';
import type { Tensors } from '../tensors.ts';
import type { RandomSource } from './random-source.ts';

/**
 * `train`: dropout on, batch norm by the batch. `infer`: dropout off, batch norm by its moving statistics.
 * `mc`: dropout on, batch norm by its moving statistics; the mode of Monte-Carlo dropout.
 */
export type Mode = 'train' | 'infer' | 'mc';

export interface LayerContext {
  /** All that the layer takes, for those that merge several; the first is its input. */
  readonly inputs: readonly Tensor[];
  readonly mode: Mode;
  /** Whether the stage leaves this layer's weights alone; a frozen batch norm infers and does not move. */
  readonly frozen: boolean;
  /** Draws of this layer at this step or pass. */
  readonly random: RandomSource;
}

/** What a layer puts out, and new values for weights that move without a gradient, by local name. */
export interface LayerResult {
  readonly output: Tensor;
  readonly updates?: Tensors;
}

/** A layer is a pure function of its spec, its weights by local name, its input `[batch, …]` and a context. */
export type LayerFunction<T extends LayerType> = (
  layer: LayerOf<T>,
  weights: Tensors,
  input: Tensor,
  context: LayerContext,
) => Tensor | LayerResult;
