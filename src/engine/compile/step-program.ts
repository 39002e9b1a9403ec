import type { Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { add } from '@tensorflow/tfjs-core';
import type { NamedArrays } from '../../safetensors.ts';
import { size } from '../../spec/shapes.ts';
import { noRandom, type RandomSources } from '../model/random-source.ts';
import type { Tensors } from '../tensors.ts';
import type { Batch } from '../train/batch.ts';
import type { ExecutorState } from '../train/executor.ts';
import { penalty } from '../train/losses.ts';
import type { BatchTensors } from '../train/objectives/objective.ts';
import { type StepProgram, trainStep } from '../train/train-step.ts';
import type { Recorded, Tape } from './record/record.ts';

/** What the parts of a batch and of a step are called among a program's inputs. */
export const scalarName = (turn: 'own' | 'next', name: string) => `${turn} ${name}`;
export const keyName = (layer: string) => `${KEY}${layer}`;
/** The layer whose key it is. */
export const layerOf = (keyName: string) => keyName.slice(KEY.length);
const KEY = 'key ';

/** Of programs that draw nothing. */
export function noKeys(name: string): never {
  throw new Error(`a program without random numbers asks for the ${name}`);
}

/** The shapes of a batch's parts. */
export function batchShapes(program: StepProgram, batch: Batch): Record<string, number[]> {
  const { inputShape } = program.network.spec;
  const { count, x, y, weights, asked, noise } = batch;
  const targets = [count, y.length / count];
  return {
    x: [x.length / size(inputShape), ...inputShape],
    y: targets,
    ...(weights && { weights: [count] }),
    ...(asked && { asked: targets }),
    ...(noise && { noise: [count, noise.length / count] }),
  };
}

/** The training step, to be recorded for batches of these shapes. */
export function stepOf(
  program: StepProgram,
  shapes: Readonly<Record<string, readonly number[]>>,
  state: ExecutorState,
): (tape: Tape) => Recorded {
  return (tape) => {
    const scalars = {
      own: scalarsOf(tape, 'own', program),
      next: program.next && scalarsOf(tape, 'next', program.next),
    };
    const { weights, slots } = { weights: stateOf(tape, state.weights), slots: stateOf(tape, state.slots) };
    const result = trainStep(program, { weights, slots }, batchOf(tape, shapes), scalars, randomOf(tape));
    const { loss, gradientNorm, outputs, nextLoss, nextGradientNorm } = result;
    return {
      results: {
        loss,
        gradientNorm,
        outputs,
        ...(nextLoss && { nextLoss, nextGradientNorm: nextGradientNorm! }),
      },
      nextState: { ...moved(result.weights, weights), ...moved(result.slots, slots) },
    };
  };
}

/** The loss with its penalties, and the outputs, in inference mode. */
export function evaluationOf(
  program: StepProgram,
  shapes: Readonly<Record<string, readonly number[]>>,
  state: ExecutorState,
): (tape: Tape) => Recorded {
  return (tape) => {
    const [weights, batch] = [stateOf(tape, state.weights), batchOf(tape, shapes)];
    const { output } = program.objective.respond(program.network, weights, batch, {
      mode: 'infer',
      random: noRandom,
    });
    const data = program.objective.loss(output as Tensor2D, batch);
    const results = { loss: add(data, penalty(weights, program.penalized)), outputs: output };
    return { results, nextState: {} };
  };
}

function scalarsOf(tape: Tape, turn: 'own' | 'next', program: StepProgram): Record<string, Scalar> {
  // Only their names are asked for.
  const numbers = program.optimizer.scalars?.({ step: 1, learningRate: 1, momentum: undefined }) ?? {};
  const names = Object.keys(numbers);
  return Object.fromEntries(
    names.map((name) => [name, tape.input(scalarName(turn, name), 'data', []) as Scalar]),
  );
}

/** Weights or slots as a program's state. */
export function stateOf(tape: Tape, arrays: NamedArrays): Tensors {
  return Object.fromEntries(
    Object.entries(arrays).map(([name, { shape }]) => [name, tape.input(name, 'state', shape)]),
  );
}

function batchOf(tape: Tape, shapes: Readonly<Record<string, readonly number[]>>): BatchTensors {
  const parts = Object.entries(shapes).map(([name, shape]) => [name, tape.input(name, 'data', shape)]);
  return Object.fromEntries(parts) as { x: Tensor; y: Tensor2D; weights?: Tensor1D; asked?: Tensor2D };
}

function randomOf(tape: Tape): RandomSources {
  return (layer) => ({
    uniform: (shape) => tape.uniform(keyName(layer), shape),
    normal: (shape) => tape.normal(keyName(layer), shape),
  });
}

/** Weights that don't move are the same tensors after the step. */
function moved(after: Tensors, before: Tensors): Tensors {
  return Object.fromEntries(Object.entries(after).filter(([name, tensor]) => tensor !== before[name]));
}
