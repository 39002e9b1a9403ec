import { memory } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { startBackend } from '../../src/engine/backends/start.ts';
import { initialWeights } from '../../src/engine/model/network.ts';
import { createEagerExecutor } from '../../src/engine/train/eager-executor.ts';
import { compileStage } from '../../src/engine/train/stage-program.ts';
import { key, normal } from '../../src/random.ts';
import type { NamedArrays } from '../../src/safetensors.ts';
import { LayerSpec, type LayerType } from '../../src/spec/layer.ts';
import { smallJob } from '../unit/engine/small-job.ts';
import { NETWORKS } from './networks.ts';

const BATCH = 6;
const MOMENT = { step: 1, learningRate: 1, momentum: undefined };

/** A plain gradient step of rate 1, so that the gradient is what the weights lose. */
function prepare(type: LayerType) {
  const { inputShape, layers, ids } = NETWORKS[type];
  const width = inputShape.reduce((a, b) => a * b, 1);
  const draws = key(11, type);
  const x = Float32Array.from({ length: BATCH * width }, (_, i) => (ids ? i % ids : normal(draws, i)));
  const y = Float32Array.from({ length: BATCH }, (_, i) => normal(draws, 10_000 + i));
  const batch = { count: BATCH, width, units: 1, x, y };
  const job = smallJob({
    layers,
    inputShape,
    train: batch,
    stages: [{ epochs: 1, optimizer: { type: 'sgd' } }],
  });
  const { program, keysAt } = compileStage(job, job.stages[0]!, 1);
  const executor = createEagerExecutor(program, keysAt);
  // Initial biases and betas of zero would hide faults that are odd in them.
  const weights: NamedArrays = Object.fromEntries(
    Object.entries(initialWeights(job.network, 5)).map(([name, { shape, data }]) => [
      name,
      { shape, data: data.map((v, i) => (name.includes('moving') ? v : v + 0.1 * normal(key(7, name), i))) },
    ]),
  );
  async function step(at: NamedArrays) {
    executor.load({ weights: at, slots: {} });
    const report = await executor.step(batch, MOMENT);
    if ('nonFinite' in report) throw new Error(`not finite: ${JSON.stringify(report.nonFinite)}`);
    return { loss: report.loss, after: (await executor.save()).weights };
  }
  return { program, weights, step, dispose: () => executor.dispose() };
}

/**
 * Central differences at two steps (Richardson), which leaves float32's noise as the only error. The steps are
 * small, so that they rarely cross a kink of a maximum or a SELU.
 */
async function slope(lossAt: (shift: number) => Promise<number>): Promise<number> {
  const central = async (h: number) => ((await lossAt(h)) - (await lossAt(-h))) / (2 * h);
  return (4 * (await central(0.002)) - (await central(0.004))) / 3;
}

function shifted(weights: NamedArrays, name: string, index: number, shift: number): NamedArrays {
  const data = Float32Array.from(weights[name]!.data);
  data[index]! += shift;
  return { ...weights, [name]: { shape: weights[name]!.shape, data } };
}

describe.each(['cpu', 'wasm'] as const)('a training step on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  it.each(LayerSpec.def.options.map((option) => option.shape.type.value))(
    'has the gradient of its loss for every weight of a network with %s',
    async (type) => {
      const before = memory().numTensors;
      const { program, weights, step, dispose } = prepare(type);
      const { after } = await step(weights);
      for (const name of program.trainable) {
        const count = weights[name]!.data.length;
        for (const index of new Set([0, Math.floor(count / 2), count - 1])) {
          const gradient = weights[name]!.data[index]! - after[name]!.data[index]!;
          const numeric = await slope(
            async (shift) => (await step(shifted(weights, name, index, shift))).loss,
          );
          expect(Math.abs(gradient - numeric), `${name}[${index}]: ${gradient} and ${numeric}`).toBeLessThan(
            5e-4 + 0.01 * Math.abs(numeric),
          );
        }
      }
      dispose();
      expect(memory().numTensors).toBe(before);
    },
  );
});

describe('the backends', () => {
  it.each(Object.keys(NETWORKS) as LayerType[])('agree on a step of a network with %s', async (type) => {
    const results = [];
    for (const backend of ['cpu', 'wasm'] as const) {
      await startBackend(backend);
      const { weights, step, dispose } = prepare(type);
      results.push(await step(weights));
      dispose();
    }
    const [cpu, wasm] = results as [
      Awaited<ReturnType<ReturnType<typeof prepare>['step']>>,
      (typeof results)[number],
    ];
    expect(Math.abs(wasm!.loss - cpu.loss)).toBeLessThan(1e-5 * Math.abs(cpu.loss) + 1e-6);
    for (const [name, { data }] of Object.entries(cpu.after)) {
      const worst = data.reduce(
        (most, value, i) => Math.max(most, Math.abs(value - wasm!.after[name]!.data[i]!)),
        0,
      );
      expect(worst, name).toBeLessThan(1e-5 * Math.max(1, ...data.map(Math.abs)));
    }
  });
});
