import { expect, test } from 'vitest';
import { mixtureQuantile, normalCdf } from '../../src/engine/gaussian.ts';
import { summarizeGaussians } from '../../src/engine/predict/uncertainty.ts';
import { expectClose, fixture } from './fixture.ts';

interface Mixtures {
  points: number[];
  cdf: number[];
  quantiles: number[];
  cases: { means: number[]; stds: number[]; mean: number; std: number; quantiles: number[] }[];
}
const { points, cdf, quantiles, cases } = fixture<Mixtures>('gaussian-mixtures');

test('the normal distribution function', () => {
  expectClose(points.map(normalCdf), cdf, { tolerance: 1e-15, floor: 1 });
});

test.each(cases)('quantiles and standard deviation of a mixture of $means.length', (given) => {
  const [means, stds] = [Float64Array.from(given.means), Float64Array.from(given.stds)];
  const found = quantiles.map((q) => mixtureQuantile(means, stds, q));
  for (const [i, expected] of given.quantiles.entries()) expect(found[i]).toBeCloseTo(expected, 7);
  const samples = given.means.map((mean, i) => Float64Array.of(mean, given.stds[i]!));
  const summary = summarizeGaussians(samples, quantiles);
  expect(summary.quantiles).toEqual(found);
  expectClose([summary.mean, summary.std], [given.mean, given.std], { tolerance: 1e-8 });
});
