import { describe, expect, test } from 'vitest';
import { bits, inverseNormalCdf, type Key, key, normal, permutation, uniform } from '../../../src/random.ts';
import { fixture } from '../../parity/fixture.ts';

const COUNT = 200_000;
const STREAMS: [string, Key][] = [
  ['a mask of step 1', key(42, 'dropout', 1, 'dropout_1')],
  ['a mask of step 2', key(42, 'dropout', 2, 'dropout_1')],
  ['initial values of seed 0', key(0, 'initial', 'dense_1/kernel')],
  ['a large seed', key(2 ** 52 + 1, 'shuffle', 1)],
];
const draw = (from: (stream: Key, i: number) => number, stream: Key, count = COUNT) =>
  Float64Array.from({ length: count }, (_, i) => from(stream, i));
const mean = (values: Float64Array) => values.reduce((sum, x) => sum + x, 0) / values.length;

/** Correlation of two samples; for independent ones its standard error is 1/√n. */
function correlation(a: Float64Array, b: Float64Array): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  const moment = (x: Float64Array, mx: number, y: Float64Array, my: number) =>
    x.reduce((sum, value, i) => sum + (value - mx) * (y[i]! - my), 0);
  return moment(a, meanA, b, meanB) / Math.sqrt(moment(a, meanA, a, meanA) * moment(b, meanB, b, meanB));
}

describe.each(STREAMS)('the stream of %s', (_name, stream) => {
  test('is uniform: χ² over 256 cells of the high and of the low bits', () => {
    for (const shift of [24, 12, 0]) {
      const cells = new Float64Array(256);
      for (let i = 0; i < COUNT; i++) cells[(bits(stream, i) >>> shift) & 255]!++;
      const chiSquare = cells.reduce((sum, n) => sum + (n - COUNT / 256) ** 2 / (COUNT / 256), 0);
      // 255 degrees of freedom: mean 255, standard deviation 22.6; five of them either way.
      expect(chiSquare).toBeGreaterThan(255 - 5 * 22.6);
      expect(chiSquare).toBeLessThan(255 + 5 * 22.6);
    }
  });

  test('gives uniforms in [0, 1) that float32 holds exactly', () => {
    const values = draw(uniform, stream);
    expect(values.every((x) => x >= 0 && x < 1 && Math.fround(x) === x)).toBe(true);
    expect(mean(values)).toBeCloseTo(0.5, 2);
  });

  test('gives normals with the moments of N(0, 1)', () => {
    const values = draw(normal, stream);
    const moment = (power: number) => mean(values.map((x) => x ** power));
    // Five standard errors: √(1/n), √(2/n), √(15/n), √(96/n).
    const room = (variance: number) => 5 * Math.sqrt(variance / COUNT);
    expect(Math.abs(moment(1))).toBeLessThan(room(1));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(room(2));
    expect(Math.abs(moment(3))).toBeLessThan(room(15));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(room(96));
  });

  test('has no memory: neighbours at any lag are uncorrelated', () => {
    const values = draw(uniform, stream);
    for (const lag of [1, 2, 7, 64, 784, 1024]) {
      expect(Math.abs(correlation(values.subarray(lag), values.subarray(0, -lag)))).toBeLessThan(
        5 / Math.sqrt(COUNT),
      );
    }
  });
});

describe('streams of different names', () => {
  test('are uncorrelated, at the same index and at the next', () => {
    const keys = [0, 1, 2, 3].flatMap((seed) => [
      key(seed, 'dropout', 1, 'dropout_1'),
      key(seed, 'dropout', 2, 'dropout_1'),
      key(seed, 'dropout', 1, 'dropout_2'),
      key(seed, 'initial', 'dropout_1'),
    ]);
    const count = 20_000;
    const streams = keys.map((stream) => draw(uniform, stream, count));
    for (const [i, a] of streams.entries()) {
      for (const b of streams.slice(0, i)) {
        expect(Math.abs(correlation(a, b))).toBeLessThan(5.5 / Math.sqrt(count));
        expect(Math.abs(correlation(a.subarray(1), b.subarray(0, -1)))).toBeLessThan(5.5 / Math.sqrt(count));
      }
    }
  });

  test('make one element vary from step to step as it varies along a stream', () => {
    const values = Float64Array.from({ length: COUNT }, (_, step) =>
      uniform(key(42, 'dropout', step, 'd'), 5),
    );
    expect(Math.abs(mean(values) - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / COUNT));
    expect(Math.abs(correlation(values.subarray(1), values.subarray(0, -1)))).toBeLessThan(
      5 / Math.sqrt(COUNT),
    );
  });

  test('have keys of their own, whatever the parts and their order', () => {
    const keys = [
      key(1, 2),
      key(2, 1),
      key('1', 2),
      key('ab', 'c'),
      key('a', 'bc'),
      key(1),
      key(1, 0),
      key(2 ** 32),
    ];
    for (let seed = 0; seed < 20_000; seed++)
      keys.push(key(seed, 'initial', 'w'), key(42, 'dropout', seed, 'd'));
    expect(new Set(keys.map(String)).size).toBe(keys.length);
  });
});

test('the quantile function is SciPy’s to 1e-14, far into the tails', () => {
  const { points, quantiles } = fixture<{ points: number[]; quantiles: number[] }>('normal-quantiles');
  for (const [i, p] of points.entries()) {
    const error = Math.abs(inverseNormalCdf(p) - quantiles[i]!) / Math.max(Math.abs(quantiles[i]!), 0.01);
    expect(error, `at ${p}`).toBeLessThan(1e-14);
  }
});

describe('permutation', () => {
  test('is one, the same for the same key', () => {
    for (const count of [0, 1, 2, 1000]) {
      const order = permutation(key(1, count), count);
      expect([...order].sort((a, b) => a - b)).toEqual([...Array(count).keys()]);
      expect(order).toEqual(permutation(key(1, count), count));
    }
  });

  test('puts every number everywhere equally often', () => {
    const [count, rounds] = [8, 16_000];
    const places = new Float64Array(count * count);
    for (let round = 0; round < rounds; round++) {
      for (const [place, value] of permutation(key(3, 'shuffle', round), count).entries())
        places[place * count + value]!++;
    }
    const expected = rounds / count;
    const chiSquare = places.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
    // 49 degrees of freedom: mean 49, standard deviation 9.9.
    expect(chiSquare).toBeLessThan(49 + 5 * 9.9);
  });
});
