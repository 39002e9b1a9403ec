import {
  add,
  dispose,
  type Scalar,
  scalar,
  type Tensor1D,
  type Tensor2D,
  tensor,
} from '@tensorflow/tfjs-core';
import { forward } from '../model/network.ts';
import { noRandom, type RandomSources } from '../model/random-source.ts';
import type { Moment } from '../optimize/transform.ts';
import { fromArrays, tidied, toArrays } from '../tensors.ts';
import type { Batch } from './batch.ts';
import type { Executor } from './executor.ts';
import { penalty } from './losses.ts';
import { locateNonFinite } from './non-finite.ts';
import type { BatchTensors } from './objectives/objective.ts';
import { type StepProgram, type StepResult, type StepState, trainStep } from './train-step.ts';

/** Calls the pure training step on whichever tfjs backend is started. */
export function createEagerExecutor(
  program: StepProgram,
  randomAt: (step: number) => RandomSources,
): Executor {
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
      const random = randomAt(moment.step);
      try {
        const result = tidied(() => trainStep(program, state, tensors, scalarsAt(program, moment), random));
        const [loss, gradientNorm, outputs] = await readReport(result);
        if (Number.isFinite(loss) && Number.isFinite(gradientNorm)) {
          replace(result);
          return { loss, gradientNorm, outputs };
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
        const { output } = forward(program.network, state.weights, tensors.x, {
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
  return {
    x: tensor(batch.x, [batch.count, ...program.network.spec.inputShape]),
    y: tensor(batch.y, [batch.count, batch.y.length / batch.count]) as Tensor2D,
    weights: batch.weights && (tensor(batch.weights) as Tensor1D),
  };
}

function release({ x, y, weights }: BatchTensors): void {
  dispose(weights ? [x, y, weights] : [x, y]);
}

function scalarsAt(program: StepProgram, moment: Moment): Record<string, Scalar> {
  const numbers = program.optimizer.scalars?.(moment) ?? {};
  return Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, scalar(value)]));
}

/** Reads what a step reports, and frees it; the weights and slots stay on the device. */
async function readReport(result: StepResult): Promise<[number, number, Float32Array]> {
  const { loss, gradientNorm, outputs } = result;
  const [[lossValue], [normValue], outputValues] = await Promise.all([
    loss.data(),
    gradientNorm.data(),
    outputs.data(),
  ]);
  dispose([loss, gradientNorm, outputs]);
  return [lossValue!, normValue!, outputValues as Float32Array];
}

/** Frees a result that is not taken over. */
function discard(result: StepResult, state: StepState): void {
  const kept = new Set([...Object.values(state.weights), ...Object.values(state.slots)]);
  dispose(
    [...Object.values(result.weights), ...Object.values(result.slots)].filter((value) => !kept.has(value)),
  );
}
