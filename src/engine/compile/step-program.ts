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
import { descendInLine, joined, type Lines, linesOf, NO_LINES, parted } from './lines.ts';
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
    const lines = linesOf(program, state);
    const before = stateOf(tape, { ...state.weights, ...state.slots }, lines);
    const now = { weights: pick(before, state.weights), slots: pick(before, state.slots) };
    const batch = batchOf(tape, shapes);
    const result = trainStep(program, now, batch, scalars, randomOf(tape), descendInLine);
    const { loss, gradientNorm, outputs, nextLoss, nextGradientNorm } = result;
    return {
      results: {
        loss,
        gradientNorm,
        outputs,
        ...(nextLoss && { nextLoss, nextGradientNorm: nextGradientNorm! }),
      },
      nextState: moved({ ...result.weights, ...result.slots }, before, lines),
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

/** Arrays as a program's state, those of a line as parts of it. */
export function stateOf(tape: Tape, arrays: NamedArrays, lines: Lines = NO_LINES): Tensors {
  const inLine = Object.entries(lines).flatMap(([line, names]) => {
    const shapes = names.map((name) => arrays[name]!.shape);
    const length = shapes.reduce((sum, shape) => sum + size(shape), 0);
    const parts = parted(tape.input(line, 'state', [length]), shapes);
    return names.map((name, i) => [name, parts[i]!] as const);
  });
  const lined = new Set(Object.values(lines).flat());
  const others = Object.entries(arrays)
    .filter(([name]) => !lined.has(name))
    .map(([name, { shape }]) => [name, tape.input(name, 'state', shape)] as const);
  return Object.fromEntries([...inLine, ...others]);
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

/** The next state of what moves: of lines, and of arrays by themselves. Those that don't are the same tensors after the step. */
function moved(after: Tensors, before: Tensors, lines: Lines): Tensors {
  const lined = new Set(Object.values(lines).flat());
  const others = Object.entries(after).filter(
    ([name, tensor]) => !lined.has(name) && tensor !== before[name],
  );
  const inLine = Object.entries(lines).map(([line, names]) => [
    line,
    joined(names.map((name) => after[name]!)),
  ]);
  return Object.fromEntries([...inLine, ...others]);
}

/** The tensors that have the names of these arrays. */
function pick(tensors: Tensors, arrays: NamedArrays): Tensors {
  return Object.fromEntries(Object.keys(arrays).map((name) => [name, tensors[name]!]));
}
