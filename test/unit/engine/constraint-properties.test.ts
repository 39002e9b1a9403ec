import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { startBackend } from '../../../src/engine/backends/start.ts';
import { initialWeights } from '../../../src/engine/model/network.ts';
import { fromArrays, tidied, toArrays } from '../../../src/engine/tensors.ts';
import { createEagerExecutor } from '../../../src/engine/train/eager-executor.ts';
import { compileStage } from '../../../src/engine/train/stage-program.ts';
import { key, normal } from '../../../src/random.ts';
import type { NamedArrays } from '../../../src/safetensors.ts';
import { smallJob } from './small-job.ts';

beforeAll(() => startBackend('wasm'));

/** A layer with a kernel, and the unit that an element of the kernel leads into, by its place in a flat array. */
interface Constrained {
  layer: object;
  inputShape: number[];
  kernels: Record<string, (place: number, shape: readonly number[]) => number>;
}

const small = fc.integer({ min: 1, max: 3 });
const byLastAxis = (place: number, shape: readonly number[]) => place % shape.at(-1)!;
const byChannelAndMultiplier = (place: number, shape: readonly number[]) => place % (shape[2]! * shape[3]!);
const LENGTH = 4;

const shapes = fc.record({ units: small, channels: small, size: small, multiplier: small });
const constrained = fc.oneof(
  shapes.map(
    ({ units, channels }): Constrained => ({
      layer: { type: 'dense', units },
      inputShape: [channels],
      kernels: { kernel: byLastAxis },
    }),
  ),
  shapes.map(
    ({ units, channels, size }): Constrained => ({
      layer: { type: 'conv1d', filters: units, kernelSize: size },
      inputShape: [LENGTH, channels],
      kernels: { kernel: byLastAxis },
    }),
  ),
  shapes.map(
    ({ units, channels, size }): Constrained => ({
      layer: { type: 'conv2d', filters: units, kernelSize: [size, 2] },
      inputShape: [LENGTH, 2, channels],
      kernels: { kernel: byLastAxis },
    }),
  ),
  shapes.map(
    ({ units, channels, size }): Constrained => ({
      layer: { type: 'conv2dTranspose', filters: units, kernelSize: [size, 2], strides: 2 },
      inputShape: [2, 2, channels],
      kernels: { kernel: (place, [, , filters, inputs]) => Math.floor(place / inputs!) % filters! },
    }),
  ),
  shapes.map(
    ({ channels, size, multiplier }): Constrained => ({
      layer: { type: 'depthwiseConv2d', kernelSize: [size, 2], depthMultiplier: multiplier },
      inputShape: [LENGTH, 2, channels],
      kernels: { kernel: byChannelAndMultiplier },
    }),
  ),
  shapes.map(
    ({ units, channels, size, multiplier }): Constrained => ({
      layer: { type: 'separableConv2d', filters: units, kernelSize: [size, 2], depthMultiplier: multiplier },
      inputShape: [LENGTH, 2, channels],
      kernels: { depthwiseKernel: byChannelAndMultiplier, pointwiseKernel: byLastAxis },
    }),
  ),
  shapes.map(
    ({ units, multiplier }): Constrained => ({
      layer: { type: 'embedding', inputDim: 1 + multiplier, outputDim: units },
      inputShape: [LENGTH],
      kernels: { embeddings: (place, [, dimensions]) => Math.floor(place / dimensions!) },
    }),
  ),
);
const optimizer = fc
  .constantFrom('sgd', 'nesterov', 'rmsprop', 'adam', 'nadam', 'adamw')
  .chain((type) =>
    fc.record({ type: fc.constant(type), learningRate: fc.double({ min: 1e-3, max: 1, noNaN: true }) }),
  );

const COUNT = 3;

/** `steps` updates, each with the weights that it leaves. */
async function train({ layer, inputShape }: Constrained, change: object, optimizer: object, steps: number) {
  const width = inputShape.reduce((a, b) => a * b, 1);
  const isIds = (layer as { type: string }).type === 'embedding';
  const x = Float32Array.from({ length: COUNT * width }, (_, i) => (isIds ? i % 2 : normal(key('x'), i)));
  const y = Float32Array.from({ length: COUNT }, (_, i) => normal(key('y'), i));
  const batch = { count: COUNT, width, units: 1, x, y };
  const job = smallJob({
    layers: [{ ...layer, ...change, name: 'it' }, { type: 'flatten' }],
    inputShape,
    train: batch,
    stages: [{ epochs: 1, optimizer }],
  });
  const { program, keysAt } = compileStage(job, job.stages[0]!, 1);
  const executor = createEagerExecutor(program, keysAt);
  const weights = spread(initialWeights(job.network, 1));
  const slots = tidied(() => program.optimizer.init(fromArrays(weights)));
  executor.load({ weights, slots: await toArrays(slots) });
  tf.dispose(slots);
  const after: NamedArrays[] = [];
  for (let step = 1; step <= steps; step++) {
    const { learningRate } = job.stages[0]!.optimizer;
    const report = await executor.step(batch, { step, learningRate, momentum: undefined });
    if ('nonFinite' in report) break;
    after.push((await executor.save()).weights);
  }
  executor.dispose();
  return after;
}

/** Some units with weights far over any bound, others far below. */
function spread(weights: NamedArrays): NamedArrays {
  return Object.fromEntries(
    Object.entries(weights).map(([name, { shape, data }]) => [
      name,
      { shape, data: data.map((_, i) => normal(key(name), i) * 10 ** ((i % 3) - 1)) },
    ]),
  );
}

function normsOf(kernel: NamedArrays[string], unitOf: Constrained['kernels'][string]): number[] {
  const squares: number[] = [];
  for (const [place, value] of kernel.data.entries()) {
    const unit = unitOf(place, kernel.shape);
    squares[unit] = (squares[unit] ?? 0) + value ** 2;
  }
  return squares.map(Math.sqrt);
}

const maxNorm = fc.double({ min: 0.05, max: 5, noNaN: true });

describe('max-norm', () => {
  test('holds for every unit after every step, whatever the layer and its shapes', async () => {
    await fc.assert(
      fc.asyncProperty(constrained, maxNorm, optimizer, async (given, bound, by) => {
        for (const weights of await train(given, { maxNorm: bound }, by, 3)) {
          for (const [local, unitOf] of Object.entries(given.kernels)) {
            const norms = normsOf(weights[`it/${local}`]!, unitOf);
            for (const norm of norms) expect(norm).toBeLessThanOrEqual(bound * (1 + 1e-6));
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  test('leaves the units within the bound, and all biases, as the step made them, bit for bit', async () => {
    await fc.assert(
      fc.asyncProperty(constrained, maxNorm, optimizer, async (given, bound, by) => {
        const [free] = await train(given, {}, by, 1);
        const [held] = await train(given, { maxNorm: bound }, by, 1);
        if (!free || !held) return;
        for (const [name, { data, shape }] of Object.entries(free)) {
          const unitOf = given.kernels[name.replace('it/', '')];
          const norms = unitOf && normsOf(free[name]!, unitOf);
          for (const [place, value] of data.entries()) {
            const isWithin = !norms || norms[unitOf(place, shape)]! < bound * (1 - 1e-6);
            if (isWithin) expect(held[name]!.data[place]! + 0, name).toBe(value + 0);
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});
