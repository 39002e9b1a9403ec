import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { startBackend } from '../../../src/engine/backends/start.ts';
import { clip } from '../../../src/engine/optimize/clip.ts';
import type { Clip } from '../../../src/spec/optimizer.ts';

type Gradients = Record<string, number[]>;

/** The clipped gradients, as the float32 bits that they are. */
function clipped(spec: Clip, gradients: Gradients): Record<string, Float32Array> {
  return tf.tidy(() => {
    const tensors = Object.fromEntries(Object.entries(gradients).map(([k, v]) => [k, tf.tensor1d(v)]));
    const { updates } = clip(spec).update(tensors, {}, tensors, {});
    return Object.fromEntries(Object.entries(updates).map(([k, v]) => [k, Float32Array.from(v.dataSync())]));
  });
}

const norm = (values: ArrayLike<number>) => Math.hypot(...Array.from(values));
const all = (gradients: Record<string, ArrayLike<number>>) =>
  Object.values(gradients).flatMap((values) => Array.from(values));

/** Of everyday sizes: the squares of smaller ones would vanish in float32, and so would the norm. */
const element = fc.oneof(
  fc.constant(0),
  fc.float({ min: Math.fround(1e-6), max: 1e6, noNaN: true }),
  fc.float({ min: -1e6, max: Math.fround(-1e-6), noNaN: true }),
);
const vector = fc.array(element, { minLength: 1, maxLength: 10 });
const gradients = fc.record({ 'a/kernel': vector, 'a/bias': vector, 'b/kernel': vector });
const bound = fc.double({ min: 1e-3, max: 1e3, noNaN: true });
const RUNS = { numRuns: 60 };

const KINDS: [string, (bound: number) => Clip][] = [
  ['value', (value) => ({ value })],
  ['norm', (bound) => ({ norm: bound })],
  ['globalNorm', (globalNorm) => ({ globalNorm })],
];

/** The greatest difference of the two directions; 0 for parallel ones. */
function parted(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [ofA, ofB] = [norm(a), norm(b)];
  if (ofA === 0 || ofB === 0) return ofA === ofB ? 0 : Number.POSITIVE_INFINITY;
  return Math.max(...Array.from(a, (value, i) => Math.abs(value / ofA - b[i]! / ofB)));
}

describe.each(['cpu', 'wasm'] as const)('clipping on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  test('by value bounds every element and moves no other', () => {
    fc.assert(
      fc.property(gradients, bound, (given, value) => {
        const found = clipped({ value }, given);
        const limit = Math.fround(value);
        for (const [name, values] of Object.entries(given)) {
          for (const [i, before] of values.entries()) {
            const after = found[name]![i]!;
            expect(Math.abs(after)).toBeLessThanOrEqual(limit);
            if (Math.abs(before) <= limit) expect(after + 0).toBe(before + 0);
            else expect(after).toBe(Math.sign(before) * limit);
          }
        }
      }),
      RUNS,
    );
  });

  test('by norm bounds each weight’s norm and keeps its direction', () => {
    fc.assert(
      fc.property(gradients, bound, (given, limit) => {
        const found = clipped({ norm: limit }, given);
        for (const [name, values] of Object.entries(given)) {
          const expected = Math.min(limit, norm(values));
          expect(norm(found[name]!)).toBeLessThanOrEqual(expected * (1 + 1e-6));
          expect(norm(found[name]!)).toBeGreaterThanOrEqual(expected * (1 - 1e-6));
          expect(parted(found[name]!, values)).toBeLessThan(1e-6);
        }
      }),
      RUNS,
    );
  });

  test('by global norm bounds the joint norm and keeps the joint direction', () => {
    fc.assert(
      fc.property(gradients, bound, (given, limit) => {
        const found = clipped({ globalNorm: limit }, given);
        const expected = Math.min(limit, norm(all(given)));
        expect(norm(all(found))).toBeLessThanOrEqual(expected * (1 + 1e-6));
        expect(norm(all(found))).toBeGreaterThanOrEqual(expected * (1 - 1e-6));
        expect(parted(all(found), all(given))).toBeLessThan(1e-6);
      }),
      RUNS,
    );
  });

  test.each(KINDS)('by %s leaves gradients within the bound as they are, bit for bit', (_, of) => {
    const within = fc.double({ min: 1.00001, max: 1e3, noNaN: true });
    fc.assert(
      fc.property(gradients, within, (given, times) => {
        const found = clipped(of(Math.max(norm(all(given)), 1e-3) * times), given);
        for (const [name, values] of Object.entries(given))
          expect(found[name]!.map((value) => value + 0)).toEqual(
            Float32Array.from(values, (value) => value + 0),
          );
      }),
      RUNS,
    );
  });

  test.each(KINDS)('by %s never makes NaN finite', (_, of) => {
    fc.assert(
      fc.property(gradients, bound, fc.nat(9), (given, limit, place) => {
        const broken = { ...given, 'a/kernel': [...given['a/kernel']] };
        const at = place % broken['a/kernel'].length;
        broken['a/kernel'][at] = Number.NaN;
        expect(clipped(of(limit), broken)['a/kernel']![at]).toBeNaN();
      }),
      RUNS,
    );
  });

  test.each(KINDS.slice(1))('by %s shows an infinite gradient instead of stepping by zero', (_, of) => {
    const infinite = fc.constantFrom(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);
    fc.assert(
      fc.property(gradients, bound, infinite, (given, limit, value) => {
        const found = clipped(of(limit), { ...given, 'a/bias': [...given['a/bias'], value] });
        expect(found['a/bias']!.some(Number.isFinite)).toBe(false);
      }),
      RUNS,
    );
  });

  // A bound is a bound: infinity by value becomes it. The step’s report still has the norm from before clipping.
  test('by value brings infinity down to the bound', () => {
    const found = clipped({ value: 2 }, { a: [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY] });
    expect([...found.a!]).toEqual([2, -2]);
  });
});
