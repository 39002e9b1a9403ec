import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { startBackend } from '../../../src/engine/backends/start.ts';
import { chain } from '../../../src/engine/optimize/chain.ts';
import { clip } from '../../../src/engine/optimize/clip.ts';
import { globalNorm } from '../../../src/engine/optimize/global-norm.ts';
import { applyMaxNorm, incomingAxes } from '../../../src/engine/optimize/max-norm.ts';
import { createOptimizer, momentumOf } from '../../../src/engine/optimize/optimizers.ts';
import { applyUpdates, type Moment, type Transform } from '../../../src/engine/optimize/transform.ts';
import type { Tensors } from '../../../src/engine/tensors.ts';
import { type Clip, OptimizerSpec } from '../../../src/spec/optimizer.ts';

beforeAll(() => startBackend('cpu'));

const MOMENT: Moment = { step: 1, learningRate: 0.1, momentum: undefined };
const NAMES = ['sgd', 'momentum', 'nesterov', 'adagrad', 'rmsprop', 'adam', 'adamax', 'nadam', 'adamw'];
const OPTIMIZERS = NAMES.map((type) => OptimizerSpec.parse({ type }));

describe('chain', () => {
  test('keeps the slots and scalars of its pieces apart by their position', () => {
    const adam = OptimizerSpec.parse({ type: 'adam', clip: { value: 1 } });
    const optimizer = chain(createOptimizer(adam), createOptimizer(adam));
    const slots = optimizer.init({ 'hidden/kernel': tf.ones([2]) });
    expect(Object.keys(slots).sort()).toEqual([
      '0.1.m/hidden/kernel',
      '0.1.v/hidden/kernel',
      '1.1.m/hidden/kernel',
      '1.1.v/hidden/kernel',
    ]);
    expect(Object.keys(optimizer.scalars!(MOMENT))).toEqual(
      expect.arrayContaining(['0.1.correction', '0.2.rate', '1.1.correction', '1.2.rate']),
    );
  });

  test('gives each piece what the one before it made', () => {
    const shorten = clip({ norm: 1 });
    const bound = clip({ value: 0.7 });
    const [byNormFirst, byValueFirst] = [chain(shorten, bound), chain(bound, shorten)];
    const gradients = { w: tf.tensor1d([3, 4]) };
    const step = (optimizer: Transform) =>
      optimizer.update(gradients, {}, gradients, {}).updates.w!.dataSync();
    expect([...step(byNormFirst)]).toEqual([0.6, 0.7].map(Math.fround));
    expect([...step(byValueFirst)]).toEqual([0.7, 0.7].map(Math.fround));
    expect([...chain().update(gradients, {}, gradients, {}).updates.w!.dataSync()]).toEqual([3, 4]);
  });
});

describe.each(OPTIMIZERS)('$type', (spec) => {
  const optimizer = createOptimizer(spec);

  test('keeps names and shapes, starts from fresh slots and leaks nothing', () => {
    const weights: Tensors = { 'a/kernel': tf.ones([2, 3]), 'a/bias': tf.zeros([3]) };
    const before = tf.memory().numTensors;
    const slots = optimizer.init(weights);
    expect(tf.memory().numTensors).toBe(before + Object.keys(slots).length);
    const next = tf.tidy(() => step(optimizer, weights, slots, weights));
    for (const [name, slot] of Object.entries(slots)) expect(next.slots[name]!.shape).toEqual(slot.shape);
    expect(Object.keys(next.slots).sort()).toEqual(Object.keys(slots).sort());
    for (const [name, weight] of Object.entries(weights))
      expect(next.weights[name]!.shape).toEqual(weight.shape);
    tf.dispose([slots, next]);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('goes downhill to the bottom of a bowl', () => {
    const target = tf.tensor1d([1, -2, 0.5]);
    let weights: Tensors = { w: tf.zeros([3]) };
    let slots = optimizer.init(weights);
    for (let i = 1; i <= 400; i++) {
      const gradients = { w: tf.sub(weights.w!, target) };
      // AdaGrad's rate dies away by itself; the others' must, to settle.
      const learningRate = spec.type === 'adagrad' ? 1 : 0.1 * 0.99 ** i;
      ({ weights, slots } = step(optimizer, weights, slots, gradients, { ...MOMENT, step: i, learningRate }));
    }
    const distance = tf.max(tf.abs(tf.sub(weights.w!, target))).dataSync()[0]!;
    expect(distance).toBeLessThan(spec.type === 'adamw' ? 0.02 : 0.01);
  });

  test('moves only the weights that it is given', () => {
    const all: Tensors = { frozen: tf.ones([2]), free: tf.ones([2]) };
    const given = { free: all.free! };
    const next = step(optimizer, given, optimizer.init(given), { free: tf.ones([2]) });
    expect(Object.keys(next.slots).every((name) => name.endsWith('/free'))).toBe(true);
    expect(applyUpdates(all, next.updates).frozen).toBe(all.frozen);
  });

  test('does not hide a gradient that is not a number', () => {
    const given = { w: tf.ones([2]) };
    const next = step(optimizer, given, optimizer.init(given), { w: tf.tensor1d([Number.NaN, 1]) });
    expect(next.weights.w!.dataSync()[0]).toBeNaN();
  });
});

test('the momentum that a schedule cycles stands in for the optimizer’s own', () => {
  const [own, cycled] = [0.5, 0.9].map((momentum) =>
    createOptimizer(OptimizerSpec.parse({ type: 'momentum', momentum })),
  ) as [Transform, Transform];
  expect(own.scalars!({ ...MOMENT, momentum: 0.9 })).toEqual(cycled.scalars!(MOMENT));
  expect(OPTIMIZERS.map(momentumOf)).toEqual([undefined, 0.9, 0.9, ...Array(6).fill(undefined)]);
  expect(momentumOf(OptimizerSpec.parse({ type: 'rmsprop', momentum: 0.3 }))).toBe(0.3);
});

test('scalars are functions of the step alone, finite and cheap however late it is', () => {
  for (const spec of OPTIMIZERS) {
    for (const at of [1, 2, 1000, 1e6, 1e9]) {
      const scalars = createOptimizer(spec).scalars!({ ...MOMENT, step: at });
      expect(Object.values(scalars).every(Number.isFinite)).toBe(true);
    }
  }
  const nadam = createOptimizer(OptimizerSpec.parse({ type: 'nadam' }));
  const product = (step: number) => {
    let running = 1;
    for (let i = 1; i <= step; i++) running *= 0.9 * (1 - 0.5 * 0.96 ** (0.004 * i));
    return running;
  };
  for (const at of [1, 7, 40, 100, 3000]) {
    const next = 0.9 * (1 - 0.5 * 0.96 ** (0.004 * (at + 1)));
    const found = nadam.scalars!({ ...MOMENT, step: at })['0.ofMean']!;
    expect(found).toBeCloseTo(next / (1 - product(at) * next), 14);
  }
});

test('AdamW decays by rate · weightDecay · weight, biases too, and leaves the moments alone', () => {
  const optimizer = createOptimizer(OptimizerSpec.parse({ type: 'adamw', weightDecay: 0.5 }));
  const weights = { 'a/kernel': tf.tensor1d([2]), 'a/bias': tf.tensor1d([-4]) };
  const still = { 'a/kernel': tf.zeros([1]), 'a/bias': tf.zeros([1]) };
  const next = step(optimizer, weights, optimizer.init(weights), still);
  expect(next.weights['a/kernel']!.dataSync()[0]).toBeCloseTo(2 - 0.1 * 0.5 * 2, 6);
  expect(next.weights['a/bias']!.dataSync()[0]).toBeCloseTo(-4 + 0.1 * 0.5 * 4, 6);
  for (const slot of Object.values(next.slots)) expect(slot.dataSync()[0]).toBe(0);
});

const vector = fc.array(fc.float({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 12 });
const bound = fc.double({ min: 1e-3, max: 1e3, noNaN: true });
const norm = (values: ArrayLike<number>) => Math.hypot(...Array.from(values));

describe('clipping', () => {
  const clipped = (spec: Clip, gradients: Readonly<Record<string, number[]>>) =>
    tf.tidy(() => {
      const tensors = Object.fromEntries(Object.entries(gradients).map(([k, v]) => [k, tf.tensor1d(v)]));
      const { updates } = clip(spec).update(tensors, {}, tensors, {});
      return Object.fromEntries(Object.entries(updates).map(([k, v]) => [k, Array.from(v.dataSync())]));
    });

  test('by value bounds every element and leaves those within as they are', () => {
    fc.assert(
      fc.property(vector, bound, (a, value) => {
        const limit = Math.fround(value);
        const expected = a.map((x) => Math.min(Math.max(x, -limit), limit) + 0);
        expect(clipped({ value }, { a }).a!.map((x) => x + 0)).toEqual(expected);
      }),
    );
  });

  test('by norm bounds each weight’s norm and keeps its direction', () => {
    fc.assert(
      fc.property(vector, vector, bound, (a, b, limit) => {
        const result = clipped({ norm: limit }, { a, b });
        expectShrunk(result.a!, a, Math.min(1, limit / norm(a)));
        expectShrunk(result.b!, b, Math.min(1, limit / norm(b)));
      }),
    );
  });

  test('by global norm bounds the joint norm and scales all alike', () => {
    fc.assert(
      fc.property(vector, vector, bound, (a, b, limit) => {
        const result = clipped({ globalNorm: limit }, { a, b });
        const factor = Math.min(1, limit / norm([...a, ...b]));
        expectShrunk(result.a!, a, factor);
        expectShrunk(result.b!, b, factor);
        expect(norm([...result.a!, ...result.b!])).toBeLessThanOrEqual(limit * (1 + 1e-5));
      }),
    );
  });

  test.each([{ norm: 1 }, { globalNorm: 1 }])('by %o never turns an overflow into a step of zero', (spec) => {
    expect(clipped(spec, { a: [1e30, 1] }).a!.every(Number.isNaN)).toBe(true);
    expect(clipped(spec, { a: [Number.POSITIVE_INFINITY, 1] }).a!.every(Number.isNaN)).toBe(true);
  });

  test('stands before the optimizer’s slots', () => {
    const optimizer = createOptimizer(OptimizerSpec.parse({ type: 'momentum', clip: { value: 1 } }));
    const weights = { w: tf.zeros([1]) };
    const next = step(optimizer, weights, optimizer.init(weights), { w: tf.tensor1d([100]) });
    expect(next.slots['2.velocity/w']!.dataSync()[0]).toBeCloseTo(-0.1, 7);
  });

  function expectShrunk(found: number[], original: number[], factor: number): void {
    const room = 1e-5 * factor * norm(original) + 1e-30;
    for (const [i, x] of original.entries())
      expect(Math.abs(found[i]! - factor * x)).toBeLessThanOrEqual(room);
  }
});

test('the global norm of nothing is zero', () => {
  expect(globalNorm({}).dataSync()[0]).toBe(0);
});

describe('max-norm', () => {
  test('bounds each unit’s incoming weights and leaves the others exactly as they are', () => {
    const kernel = fc.array(fc.float({ min: -100, max: 100, noNaN: true }), { minLength: 12, maxLength: 12 });
    fc.assert(
      fc.property(kernel, fc.double({ min: 0.1, max: 150, noNaN: true }), (values, maxNorm) => {
        const found = applyMaxNorm(tf.tensor2d(values, [4, 3]), maxNorm).arraySync() as number[][];
        for (const unit of [0, 1, 2]) {
          const [before, after] = [values.filter((_, i) => i % 3 === unit), found.map((row) => row[unit]!)];
          expect(norm(after)).toBeLessThanOrEqual(maxNorm * (1 + 1e-5));
          if (norm(before) < maxNorm * (1 - 1e-5)) expect(after).toEqual(before);
        }
      }),
    );
  });

  test('knows what leads into a unit', () => {
    expect(incomingAxes('dense', 'kernel', 2)).toEqual([0]);
    expect(incomingAxes('conv2d', 'kernel', 4)).toEqual([0, 1, 2]);
    expect(incomingAxes('depthwiseConv2d', 'kernel', 4)).toEqual([0, 1]);
    expect(incomingAxes('separableConv2d', 'depthwiseKernel', 4)).toEqual([0, 1]);
    expect(incomingAxes('separableConv2d', 'pointwiseKernel', 4)).toEqual([0, 1, 2]);
    expect(incomingAxes('conv2dTranspose', 'kernel', 4)).toEqual([0, 1, 3]);
    expect(incomingAxes('embedding', 'embeddings', 2)).toEqual([1]);
  });

  test('bounds the norm over the axes it is told', () => {
    const bounded = applyMaxNorm(
      tf.tensor2d([
        [3, 4],
        [0.3, 0.4],
      ]),
      1,
      [1],
    );
    const rows = (bounded.arraySync() as number[][]).flat();
    for (const [i, value] of [0.6, 0.8, 0.3, 0.4].entries()) expect(rows[i]).toBeCloseTo(value, 6);
  });
});

/** One update of `weights`. */
function step(optimizer: Transform, weights: Tensors, slots: Tensors, gradients: Tensors, moment = MOMENT) {
  const scalars = Object.entries(optimizer.scalars!(moment)).map(([name, value]) => [name, tf.scalar(value)]);
  const next = optimizer.update(gradients, slots, weights, Object.fromEntries(scalars));
  return { ...next, weights: applyUpdates(weights, next.updates) };
}
