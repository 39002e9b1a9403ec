import { describe, expect, it, test } from 'vitest';
import { MAP_FUNCTIONS } from '../../../../src/engine/compile/ir/map-functions.ts';
import type { MapFunction } from '../../../../src/engine/compile/ir/program.ts';
import { mapped } from './mapped.ts';

type Plain = Exclude<MapFunction, 'uniform'>;

const LARGEST = 3.4028234663852886e38;
const SMALLEST_NORMAL = 2 ** -126;
/** Of less the exponential is no normal number. */
const LEAST = -87.33654;
const EDGES = [
  ...[0, -0, 1, -1, 0.5, 2, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN],
  ...[LARGEST, -LARGEST, SMALLEST_NORMAL, -SMALLEST_NORMAL, 1e-40, -1e-40, 1.4e-45, -1.4e-45],
  ...[87, -87, 88, -88, 88.5, -88.5, 88.72, -88.72, 89, -89, 103, -103, 104, 1e10, -1e10, 1e30, 3e38],
  ...[16777216, -16777216, 2147483648, -2147483648, 1e-7, -1e-7, 4e-4, -4e-4, 7.9, -7.9, 8, -8, 9, -9],
].map(Math.fround);

/** So many numbers of either sign, with as many between 2ⁿ and 2ⁿ⁺¹ for every n; denormals too. */
function everywhere(count: number): number[] {
  const step = Math.floor(0x7f800000 / count);
  const words = Uint32Array.from({ length: 2 * count }, (_, i) => (i >> 1) * step + (i % 2) * 0x80000000);
  return [...new Float32Array(words.buffer)];
}
const EVERYWHERE = [...EDGES, ...everywhere(40_000)];

/** Numbers at equal distances. */
function between(from: number, to: number, count = 40_000): number[] {
  return Array.from({ length: count }, (_, i) => Math.fround(from + ((to - from) * i) / (count - 1)));
}

/** How far it is from a float32 to the next one. */
function ulp(value: number): number {
  return 2 ** (Math.floor(Math.log2(Math.max(Math.abs(value), SMALLEST_NORMAL))) - 23);
}

/** The greatest error over numbers with a finite result, in units. */
function worst(fn: Plain, numbers: readonly number[], unit: (exact: number) => number): [number, number] {
  const found = mapped(fn, numbers);
  let [most, at] = [0, Number.NaN];
  for (const [i, x] of numbers.entries()) {
    const exact = MAP_FUNCTIONS[fn](x);
    if (!Number.isFinite(Math.fround(exact))) continue;
    const error = Math.abs(found[i]! - exact) / unit(exact);
    if (!(error <= most)) [most, at] = [error, x];
  }
  return [most, at];
}

const one = () => 1;

describe('exact functions', () => {
  it.each(['copy', 'neg', 'abs', 'sign', 'trunc', 'sqrt'] as const)('%s is exact everywhere', (fn) => {
    const found = mapped(fn, EVERYWHERE);
    const expected = Float32Array.from(EVERYWHERE, (x) => MAP_FUNCTIONS[fn](x));
    expect(EVERYWHERE.filter((_, i) => !Object.is(found[i], expected[i]))).toEqual([]);
  });

  const two = [
    ...(['add', 'sub', 'mul', 'div', 'max', 'min'] as const),
    ...(['gt', 'ge', 'lt', 'le', 'eq', 'ne'] as const),
  ];
  it.each(two)('%s of two is what float32 makes of them', (fn) => {
    const pairs = EDGES.flatMap((a) => EDGES.map((b) => [a, b] as const));
    const [left, right] = [pairs.map(([a]) => a), pairs.map(([, b]) => b)];
    const found = mapped(fn, left, right);
    const isWrong = ([a, b]: readonly [number, number], i: number) =>
      !Object.is(found[i], Math.fround(MAP_FUNCTIONS[fn](a, b)));
    expect(pairs.filter(isWrong)).toEqual([]);
  });

  test('select takes the one or the other, whatever they are; a condition that is no number is true', () => {
    const conditions = [0, -0, 1, -1, 1e-45, Number.NaN, Number.POSITIVE_INFINITY];
    const [yes, no] = [conditions.map(() => Number.NaN), conditions.map(() => 5)];
    const found = mapped('select', conditions, yes, no);
    expect([...found]).toEqual([5, 5, ...Array(5).fill(Number.NaN)]);
    expect([...mapped('select', conditions, no, yes)].filter(Number.isNaN)).toHaveLength(2);
  });
});

describe('approximated functions', () => {
  const normal = EVERYWHERE.filter((x) => !(Math.abs(x) < SMALLEST_NORMAL));
  // The bounds are what was measured, and a little room.
  it.each([
    ['exp', 'ulp', 1, between(LEAST, 88.72283)],
    ['expm1', 'ulp', 1.5, [...between(-20, 88.72283), ...EVERYWHERE]],
    ['log', 'ulp', 1, [...between(0.001, 100), ...EVERYWHERE]],
    ['log1p', 'ulp', 1.5, [...between(-0.999, 100), ...EVERYWHERE]],
    ['sigmoid', 'ulp', 2, between(LEAST, 87)],
    ['sigmoid', '', 1e-7, EVERYWHERE],
    ['tanh', 'ulp', 6, [...between(-10, 10), ...normal]],
    ['tanh', '', 3e-7, EVERYWHERE],
    // Of the formula, which is itself within 1.5·10⁻⁷.
    ['erf', '', 5e-7, [...between(-5, 5), ...EVERYWHERE]],
  ] as const)('%s is off by at most %s %d', (fn, unit, bound, numbers) => {
    const [most, at] = worst(fn, numbers, unit === 'ulp' ? ulp : one);
    expect(most, `of ${at}`).toBeLessThanOrEqual(bound);
  });

  test('exp is 0 where it would be no normal number, and infinite where it would be greater than any', () => {
    const numbers = [...EVERYWHERE, ...between(-88, -87, 500), ...between(88, 89, 500)];
    const found = mapped('exp', numbers);
    for (const [i, x] of numbers.entries()) {
      if (x < LEAST) expect(found[i], `of ${x}`).toBe(0);
      else if (Math.fround(Math.exp(x)) === Number.POSITIVE_INFINITY)
        expect(found[i]).toBe(Math.exp(Infinity));
    }
  });

  test.each(['exp', 'expm1', 'log', 'log1p', 'sigmoid', 'tanh', 'erf'] as const)(
    '%s lets through what is no number, and makes none else but where it has to',
    (fn) => {
      const found = mapped(fn, EVERYWHERE);
      const isWrong = (x: number, i: number) => Number.isNaN(found[i]) !== Number.isNaN(MAP_FUNCTIONS[fn](x));
      expect(EVERYWHERE.filter(isWrong)).toEqual([]);
    },
  );

  test.each([
    ['exp', [0, 1, Number.POSITIVE_INFINITY]],
    ['expm1', [-1, 0, Number.POSITIVE_INFINITY]],
    ['log', [Number.NaN, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]],
    ['log1p', [Number.NaN, 0, Number.POSITIVE_INFINITY]],
    ['sigmoid', [0, 0.5, 1]],
    ['tanh', [-1, 0, 1]],
    ['erf', [-1, 0, 1]],
  ] as const)('%s of −∞, 0 and ∞ is what it tends to', (fn, limits) => {
    expect([...mapped(fn, [Number.NEGATIVE_INFINITY, 0, Number.POSITIVE_INFINITY])]).toEqual(limits);
  });

  test.each(['exp', 'expm1', 'log', 'log1p', 'sigmoid', 'tanh', 'erf'] as const)(
    '%s never falls where it should rise, but by its error',
    (fn) => {
      const found = mapped(fn, between(0.01, 50));
      const falls = found.slice(1).filter((value, i) => value < found[i]! - 8 * ulp(found[i]!));
      expect([...falls]).toEqual([]);
    },
  );
});
