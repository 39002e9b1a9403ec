import {
  add,
  dispose,
  type Scalar,
  scalar,
  type Tensor1D,
  type Tensor2D,
  tensor,
  tensor2d,
} from '@tensorflow/tfjs-core';
import { size } from '../../spec/shapes.ts';
import { drawnFrom, type LayerKeys, noRandom } from '../model/random-source.ts';
import type { Moment } from '../optimize/transform.ts';
import { fromArrays, tidied, toArrays } from '../tensors.ts';
import type { Batch } from './batch.ts';
import { type Executor, type StepReport, staysFinite } from './executor.ts';
import { penalty } from './losses.ts';
import { locateNonFinite } from './non-finite.ts';
import type { BatchTensors } from './objectives/objective.ts';
import {
  type StepProgram,
  type StepResult,
  type StepScalars,
  type StepState,
  stepNumbers,
  trainStep,
} from './train-step.ts';

/** Calls the pure training step on whichever tfjs backend is started. */
export function createEagerExecutor(program: StepProgram, keysAt: (step: number) => LayerKeys): Executor {
  let state: StepState = { weights: {}, slots: {} };

  function replace(next: StepState): void {
    const kept = new Set([...Object.values(next.weights), ...Object.values(next.slots)]);
    dispose(
      [...Object.values(state.weights), ...Object.values(state.slots)].filter((before) => !kept.has(before)),
    );
    state = next;
  }

  return {
    load(saved) {
      replace({ weights: fromArrays(saved.weights), slots: fromArrays(saved.slots) });
    },

    async step(batch, moment) {
      const tensors = upload(program, batch);
      const random = drawnFrom(keysAt(moment.step));
      try {
        const result = tidied(() => trainStep(program, state, tensors, scalarsOf(program, moment), random));
        const report = await readReport(result);
        if (staysFinite(report)) {
          replace(result);
          return report;
        }
        discard(result, state);
        return { nonFinite: await locateNonFinite(program, state, tensors, random) };
      } finally {
        release(tensors);
      }
    },

    async evaluate(batch) {
      const tensors = upload(program, batch);
      const { loss, output } = tidied(() => {
        const { output } = program.objective.respond(program.network, state.weights, tensors, {
          mode: 'infer',
          random: noRandom,
        });
        const data = program.objective.loss(output as Tensor2D, tensors);
        return { loss: add(data, penalty(state.weights, program.penalized)), output };
      });
      const [[value], outputs] = await Promise.all([loss.data(), output.data()]);
      release(tensors);
      dispose([loss, output]);
      return { loss: value!, outputs: outputs as Float32Array };
    },

    async save() {
      return { weights: await toArrays(state.weights), slots: await toArrays(state.slots) };
    },

    dispose: () => replace({ weights: {}, slots: {} }),
  };
}

function upload(program: StepProgram, batch: Batch): BatchTensors {
  const { inputShape } = program.network.spec;
  const targets: [number, number] = [batch.count, batch.y.length / batch.count];
  return {
    x: tensor(batch.x, [batch.x.length / size(inputShape), ...inputShape]),
    y: tensor2d(batch.y, targets),
    weights: batch.weights && (tensor(batch.weights) as Tensor1D),
    asked: batch.asked && tensor2d(batch.asked, targets),
    noise: batch.noise && tensor2d(batch.noise, [batch.count, batch.noise.length / batch.count]),
  };
}

function release(batch: BatchTensors): void {
  dispose(Object.values(batch).filter((value) => value !== undefined));
}

function scalarsOf(program: StepProgram, moment: Moment): StepScalars {
  const { own, next } = stepNumbers(program, moment);
  return { own: mapNumbers(own), next: next && mapNumbers(next) };
}

function mapNumbers(numbers: Readonly<Record<string, number>>): Record<string, Scalar> {
  return Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, scalar(value)]));
}

/** Reads what a step reports, and frees it; the weights and slots stay on the device. */
async function readReport(result: StepResult): Promise<StepReport> {
  const { loss, gradientNorm, outputs, nextLoss, nextGradientNorm } = result;
  const told = [loss, gradientNorm, outputs, nextLoss, nextGradientNorm];
  // All are asked for before any is waited for: on a GPU each read is a way there and back.
  const [ownLoss, ownNorm, numbers, laterLoss, laterNorm] = await Promise.all(
    told.map((value) => value?.data()),
  );
  dispose(told.filter((value) => value !== undefined));
  return {
    loss: ownLoss![0]!,
    gradientNorm: ownNorm![0]!,
    outputs: numbers as Float32Array,
    ...(laterLoss && { nextLoss: laterLoss[0]! }),
    ...(laterNorm && { nextGradientNorm: laterNorm[0]! }),
  };
}

/** Frees a result that is not taken over. */
function discard(result: StepResult, state: StepState): void {
  const kept = new Set([...Object.values(state.weights), ...Object.values(state.slots)]);
  dispose(
    [...Object.values(result.weights), ...Object.values(result.slots)].filter((value) => !kept.has(value)),
  );
}
