import { add, keep, type Scalar, type Tensor, type Tensor2D, valueAndGrads } from '@tensorflow/tfjs-core';
import { forward, type Network } from '../model/network.ts';
import type { RandomSources } from '../model/random-source.ts';
import { globalNorm } from '../optimize/global-norm.ts';
import { applyMaxNorm, incomingAxes } from '../optimize/max-norm.ts';
import { applyUpdates, type Transform } from '../optimize/transform.ts';
import type { Tensors } from '../tensors.ts';
import { penalty } from './losses.ts';
import type { BatchTensors, Objective } from './objectives/objective.ts';

/** What stays the same for every step of a stage. */
export interface StepProgram {
  readonly network: Network;
  /** The weights whose penalties are in the loss: the network's, and those of layers that are computed once. */
  readonly penalized: Network['weights'];
  readonly objective: Objective;
  readonly optimizer: Transform;
  /** Full names of the weights that the stage moves. */
  readonly trainable: readonly string[];
  /** Layers whose weights it leaves alone. */
  readonly frozen: ReadonlySet<string>;
}

export interface StepState {
  readonly weights: Tensors;
  readonly slots: Tensors;
}

export interface StepResult extends StepState {
  /** The batch's loss with its penalties. */
  readonly loss: Scalar;
  /** The joint norm of all gradients, before clipping. */
  readonly gradientNorm: Scalar;
  readonly outputs: Tensor2D;
}

/**
 * One training step, a pure function over tensors: forward pass, loss with its penalties, gradients of the
 * trainable weights, clipping and the optimizer's update, then the constraints. It is the definition that every
 * executor follows. Weights that don't move are the same tensors in the result as in the state.
 */
export function trainStep(
  program: StepProgram,
  state: StepState,
  batch: BatchTensors,
  scalars: Readonly<Record<string, Scalar>>,
  random: RandomSources,
): StepResult {
  const trainable = pick(state.weights, program.trainable);
  let outputs: Tensor2D | undefined;
  let updates: Tensors = {};

  const { value, grads } = valueAndGrads((...values: Tensor[]) => {
    const weights = { ...state.weights, ...zip(program.trainable, values) };
    const result = forward(program.network, weights, batch.x, {
      mode: 'train',
      random,
      frozen: program.frozen,
    });
    outputs = keep(result.output as Tensor2D);
    updates = result.updates;
    return add(program.objective.loss(outputs, batch), penalty(weights, program.penalized));
  })(Object.values(trainable));

  const gradients = zip(program.trainable, grads);
  const step = program.optimizer.update(gradients, state.slots, trainable, scalars);
  const moved = constrain(program.network, applyUpdates(trainable, step.updates));
  return {
    loss: value as Scalar,
    gradientNorm: globalNorm(gradients),
    outputs: outputs!,
    weights: { ...state.weights, ...moved, ...updates },
    slots: step.slots,
  };
}

function constrain(network: Network, weights: Tensors): Tensors {
  return Object.fromEntries(
    Object.entries(weights).map(([name, value]) => {
      const { maxNorm, layerType, name: local } = network.weights.get(name)!;
      const bounded = () => applyMaxNorm(value, maxNorm!, incomingAxes(layerType, local, value.rank));
      return [name, maxNorm === undefined ? value : bounded()];
    }),
  );
}

function pick(tensors: Tensors, names: readonly string[]): Tensors {
  return zip(
    names,
    names.map((name) => tensors[name]!),
  );
}

function zip(names: readonly string[], values: readonly Tensor[]): Tensors {
  return Object.fromEntries(names.map((name, i) => [name, values[i]!]));
}
