import { add, keep, type Scalar, type Tensor, type Tensor2D, valueAndGrads } from '@tensorflow/tfjs-core';
import { type Network, outputsBelow } from '../model/network.ts';
import type { RandomSources } from '../model/random-source.ts';
import { applyMaxNorm, incomingAxes } from '../optimize/max-norm.ts';
import type { Moment, Transform } from '../optimize/transform.ts';
import type { Tensors } from '../tensors.ts';
import { type Descend, descend } from './descend.ts';
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
  /** So many of the lowest layers are without a gradient: they are gone through before, and keep nothing for it. */
  readonly resting: number;
  /** What each step does next on the same batch: a GAN's generator has its turn. */
  readonly next?: NextProgram | undefined;
}

export interface NextProgram extends StepProgram {
  /** Its learning rate over the stage's. */
  readonly rateScale: number;
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
  /** The loss, and the joint norm of all gradients, of the program that came next, where there is one. */
  readonly nextLoss?: Scalar;
  readonly nextGradientNorm?: Scalar;
}

/** The numbers that a program's optimizer needs for a step, and those of the program that comes next. */
export interface StepScalars {
  readonly own: Readonly<Record<string, Scalar>>;
  readonly next?: Readonly<Record<string, Scalar>> | undefined;
}

/** The numbers that a step at this moment needs, of the program and of the one that comes next. */
export function stepNumbers(
  { optimizer, next }: StepProgram,
  moment: Moment,
): { own: Readonly<Record<string, number>>; next?: Readonly<Record<string, number>> | undefined } {
  const later = next && { ...moment, learningRate: moment.learningRate * next.rateScale };
  return { own: optimizer.scalars?.(moment) ?? {}, next: next && (next.optimizer.scalars?.(later!) ?? {}) };
}

/**
 * One training step, a pure function over tensors: forward pass, loss with its penalties, gradients of the
 * trainable weights, clipping and the optimizer's update, then the constraints. It is the definition that every
 * executor follows. Weights that don't move are the same tensors in the result as in the state.
 * @param descending how the weights are moved; each by itself when left out
 */
export function trainStep(
  program: StepProgram,
  state: StepState,
  batch: BatchTensors,
  scalars: StepScalars,
  random: RandomSources,
  descending: Descend = descend,
): StepResult {
  const first = move(program, state, batch, scalars.own, random, descending);
  if (!program.next) return first;
  const next = move(program.next, first, batch, scalars.next!, random, descending);
  next.outputs.dispose();
  const { loss: nextLoss, gradientNorm: nextGradientNorm, weights, slots } = next;
  return { ...first, weights, slots, nextLoss, nextGradientNorm };
}

function move(
  program: StepProgram,
  state: StepState,
  batch: BatchTensors,
  scalars: Readonly<Record<string, Scalar>>,
  random: RandomSources,
  descending: Descend,
): StepResult {
  const { network, objective, penalized, frozen, resting } = program;
  const through = { mode: 'train', random, frozen } as const;
  const known = outputsBelow(network, state.weights, batch.x, { ...through, to: resting });
  const options = { ...through, from: resting, known };
  const { loss, outputs, updates, gradients } = measure(program, state, (weights) => {
    const { output, updates } = objective.respond(network, weights, batch, options);
    const outputs = keep(output as Tensor2D);
    return { loss: add(objective.loss(outputs, batch), penalty(weights, penalized)), outputs, updates };
  });
  const from = { weights: pick(state.weights, program.trainable), slots: state.slots };
  const { weights, slots, gradientNorm } = descending(program.optimizer, gradients, from, scalars);
  return {
    ...{ loss, gradientNorm, outputs },
    weights: { ...state.weights, ...constrain(network, weights), ...updates },
    slots: { ...state.slots, ...slots },
  };
}

/** What a step measures of the weights, to descend from there. */
interface Measured {
  readonly loss: Scalar;
  readonly outputs: Tensor2D;
  /** New values of weights that move without a gradient. */
  readonly updates: Tensors;
}

/** What is measured of the weights, and the gradient of its loss by those that move. */
function measure(
  { trainable: names }: StepProgram,
  state: StepState,
  measuring: (weights: Tensors) => Measured,
): Measured & { readonly gradients: Tensors } {
  let measured: Measured | undefined;
  const { value, grads } = valueAndGrads((...values: Tensor[]) => {
    measured = measuring({ ...state.weights, ...zip(names, values) });
    return measured.loss;
  })(Object.values(pick(state.weights, names)));
  return { ...measured!, loss: value as Scalar, gradients: zip(names, grads) };
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
