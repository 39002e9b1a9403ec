import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { startBackend } from '../../../src/engine/backends/start.ts';
import { initialWeights } from '../../../src/engine/model/network.ts';
import type { Batch } from '../../../src/engine/train/batch.ts';
import { createEagerExecutor } from '../../../src/engine/train/eager-executor.ts';
import { exampleLosses } from '../../../src/engine/train/losses.ts';
import { compileStage } from '../../../src/engine/train/stage-program.ts';
import type { NamedArrays } from '../../../src/safetensors.ts';
import { LossSpec } from '../../../src/spec/objective.ts';
import { examples, smallJob } from './small-job.ts';

beforeAll(() => startBackend('wasm'));

const MOMENT = { step: 1, learningRate: 0.01, momentum: undefined };
const [COUNT, WIDTH, CLASSES] = [8, 3, 4];

interface Given {
  layers: object[];
  batch: Batch;
  seed: number;
  stage?: object;
}

/** What one step and one evaluation of the same weights say of a batch. */
async function lossesOf({ layers, batch, seed, stage = {} }: Given) {
  const units = batch.y.length / batch.count;
  const job = smallJob({
    layers,
    seed,
    train: { ...batch, width: WIDTH, units },
    stages: [{ epochs: 1, optimizer: { type: 'sgd' }, ...stage }],
  });
  const weights = initialWeights(job.network, seed);
  const { program, keysAt } = compileStage(job, job.stages[0]!, 1);
  const executor = createEagerExecutor(program, keysAt);
  executor.load({ weights, slots: {} });
  const validation = await executor.evaluate(batch);
  const step = await executor.step(batch, MOMENT);
  executor.dispose();
  if ('nonFinite' in step) throw new Error('not finite');
  return { training: step.loss, validation: validation.loss, gradientNorm: step.gradientNorm, weights };
}

function classified(seed: number, weights?: number[]): Batch {
  const { x } = examples(COUNT, WIDTH, seed);
  const y = Float32Array.from({ length: COUNT * CLASSES }, (_, i) =>
    Number(i % CLASSES === Math.floor(i / CLASSES) % CLASSES),
  );
  return { count: COUNT, x, y, weights: weights && Float32Array.from(weights) };
}

const close = (found: number, expected: number, scale: number) =>
  expect(Math.abs(found - expected)).toBeLessThanOrEqual(1e-5 * Math.abs(scale) + 1e-6);

describe('penalties', () => {
  const strength = fc.oneof(fc.constant(0), fc.double({ min: 1e-4, max: 0.5, noNaN: true }));
  const penalties = fc.record({ l1: strength, l2: strength });

  test('are in the training loss and in the validation loss alike: Σ l1·|w| + l2·w², frozen layers’ too', async () => {
    await fc.assert(
      fc.asyncProperty(penalties, penalties, fc.nat(1_000), fc.boolean(), async (a, b, seed, frozen) => {
        const layers = (first: object, second: object) => [
          { type: 'dense', name: 'a', units: 5, activation: 'tanh', ...first },
          { type: 'dense', name: 'b', units: 2, ...second },
        ];
        const given = {
          batch: examples(COUNT, WIDTH, seed),
          seed,
          stage: { trainable: frozen ? { layers: ['b', 'output'] } : 'all' },
        };
        const free = await lossesOf({ ...given, layers: layers({}, {}) });
        const penalized = await lossesOf({ ...given, layers: layers(a, b) });
        const added = sum(free.weights['a/kernel']!, a) + sum(free.weights['b/kernel']!, b);
        close(penalized.training - free.training, added, penalized.training);
        close(penalized.validation - free.validation, added, penalized.validation);
      }),
      { numRuns: 25 },
    );
  });

  function sum({ data }: NamedArrays[string], { l1, l2 }: { l1: number; l2: number }): number {
    return data.reduce((total, w) => total + l1 * Math.abs(w) + l2 * w ** 2, 0);
  }
});

describe('weights of examples', () => {
  const weights = fc.array(fc.double({ min: 0, max: 5, noNaN: true }), {
    minLength: COUNT,
    maxLength: COUNT,
  });
  const scale = fc.double({ min: 0.01, max: 100, noNaN: true });
  const layers = [{ type: 'dense', units: 4, activation: 'tanh' }];

  test('scale the loss and its gradient by what they are all scaled by', async () => {
    await fc.assert(
      fc.asyncProperty(weights, scale, fc.nat(1_000), async (given, by, seed) => {
        const plain = await lossesOf({ layers, seed, batch: classified(seed, given) });
        const batch = classified(
          seed,
          given.map((weight) => weight * by),
        );
        const scaled = await lossesOf({ layers, seed, batch });
        close(scaled.training, by * plain.training, by * plain.training);
        close(scaled.validation, by * plain.validation, by * plain.validation);
        close(scaled.gradientNorm, by * plain.gradientNorm, by * plain.gradientNorm);
      }),
      { numRuns: 25 },
    );
  });

  test('of one are none, and of zero leave an example out', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(1_000), async (seed) => {
        const plain = await lossesOf({ layers, seed, batch: classified(seed) });
        const ones = await lossesOf({ layers, seed, batch: classified(seed, Array(COUNT).fill(1)) });
        expect(ones.training).toBeCloseTo(plain.training, 6);
        const halves = [0, 1].map((half) => Array.from({ length: COUNT }, (_, i) => Number(i % 2 === half)));
        const parts = await Promise.all(
          halves.map((half) => lossesOf({ layers, seed, batch: classified(seed, half) })),
        );
        close(parts[0]!.training + parts[1]!.training, plain.training, plain.training);
      }),
      { numRuns: 10 },
    );
  });
});

describe('label smoothing', () => {
  const smoothing = fc.double({ min: 0, max: 0.99, noNaN: true });
  const logits = fc.array(fc.double({ min: -30, max: 30, noNaN: true }), {
    minLength: CLASSES,
    maxLength: CLASSES,
  });
  const lossOf = (outputs: number[], target: number, labelSmoothing: number) =>
    tf.tidy(() => {
      const spec = LossSpec.parse({ type: 'categoricalCrossEntropy', labelSmoothing });
      const oneHot = Array.from({ length: CLASSES }, (_, i) => Number(i === target));
      return exampleLosses(spec, tf.tensor2d([outputs]), tf.tensor2d([oneHot])).dataSync()[0]!;
    });
  const classes = [0, 1, 2, 3];

  test('mixes the loss of the target with the mean loss of all classes', () => {
    fc.assert(
      fc.property(logits, fc.constantFrom(...classes), smoothing, (outputs, target, s) => {
        const each = classes.map((c) => lossOf(outputs, c, 0));
        const mean = each.reduce((a, b) => a + b) / CLASSES;
        const expected = (1 - s) * each[target]! + s * mean;
        close(lossOf(outputs, target, s), expected, Math.max(...each));
      }),
    );
  });

  test('bounds the loss from below by the entropy of the smoothed target, which its own logits reach', () => {
    fc.assert(
      fc.property(logits, fc.constantFrom(...classes), smoothing, (outputs, target, s) => {
        const smoothed = classes.map((c) => (c === target ? 1 - s : 0) + s / CLASSES);
        const entropy = smoothed.reduce((total, p) => (p > 0 ? total - p * Math.log(p) : total), 0);
        expect(lossOf(outputs, target, s)).toBeGreaterThanOrEqual(entropy - 1e-5);
        const best = smoothed.map((p) => Math.log(Math.max(p, 1e-30)));
        expect(lossOf(best, target, s)).toBeCloseTo(entropy, 4);
      }),
    );
  });
});

test.each([{ value: 1 }, { norm: 1 }, { globalNorm: 1 }])(
  'clipping by %o doesn’t hide that a gradient overflowed: the step is reported as not finite',
  async (clip) => {
    const batch = { count: 1, width: 1, units: 1, x: Float32Array.of(3e38), y: Float32Array.of(0) };
    const objective = { type: 'supervised', loss: { type: 'mae' } };
    const stages = [{ epochs: 1, optimizer: { type: 'sgd', clip }, objective }];
    const job = smallJob({ layers: [], train: batch, stages });
    const { program, keysAt } = compileStage(job, job.stages[0]!, 1);
    const executor = createEagerExecutor(program, keysAt);
    const weights = {
      'output/kernel': { shape: [1, 1], data: Float32Array.of(1e-38) },
      'output/bias': { shape: [1], data: Float32Array.of(0.5) },
    };
    executor.load({ weights, slots: {} });
    expect(await executor.step(batch, MOMENT)).toHaveProperty('nonFinite');
    executor.dispose();
  },
);
