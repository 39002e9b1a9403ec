import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { startBackend } from '../../../src/engine/backends/start.ts';
import type { LayerFunction } from '../../../src/engine/model/layer.ts';
import { LAYERS } from '../../../src/engine/model/layers/index.ts';
import { trainingRandom } from '../../../src/engine/model/random-source.ts';
import { fillNormal, key } from '../../../src/random.ts';
import { LayerSpec } from '../../../src/spec/layer.ts';

beforeAll(() => startBackend('wasm'));

const COUNT = 100_000;
const RATES = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5];

function train(spec: object, input: tf.Tensor, step = 1): Float32Array {
  const layer = LayerSpec.parse(spec);
  const random = trainingRandom(3, 1, step)('layer');
  const context = { mode: 'train', inputs: [input], frozen: false, random } as const;
  return tf.tidy(() => {
    const apply = LAYERS[layer.type] as LayerFunction<typeof layer.type>;
    return (apply(layer, {}, input, context) as tf.Tensor).dataSync() as Float32Array;
  });
}

const standardNormal = () => tf.tensor2d(fillNormal(new Float32Array(COUNT), key(9)), [COUNT / 100, 100]);
const average = (values: Float32Array, of: (value: number) => number) =>
  values.reduce((sum, value) => sum + of(value), 0) / values.length;

/** Five standard errors of the mean of `count` numbers of this variance, and what float32 rounds off. */
const room = (variance: number, count = COUNT) => 5 * Math.sqrt(variance / count) + 1e-6;

/** Mean and variance within what `COUNT` independent numbers with these moments allow. */
function expectMoments(values: Float32Array, mean: number, variance: number, fourth: number): void {
  const found = average(values, (value) => value);
  expect(Math.abs(found - mean)).toBeLessThan(room(variance));
  const spread = average(values, (value) => (value - mean) ** 2);
  expect(Math.abs(spread - variance)).toBeLessThan(room(fourth - variance ** 2));
}

describe.each(RATES)('at rate %d', (rate) => {
  const keep = 1 - rate;

  test('alpha dropout keeps mean 0 and variance 1', () => {
    // Kept numbers become scale · x + shift, dropped ones a constant; so the fourth moment is known.
    const saturation = -1.0507009873554805 * 1.6732632423543772;
    const scale = (keep + saturation ** 2 * keep * rate) ** -0.5;
    const shift = -scale * rate * saturation;
    const kept = 3 * scale ** 4 + 6 * scale ** 2 * shift ** 2 + shift ** 4;
    const fourth = keep * kept + rate * (scale * saturation + shift) ** 4;
    expectMoments(train({ type: 'alphaDropout', rate }, standardNormal()), 0, 1, fourth);
  });

  test('dropout keeps the mean, and widens N(0, 1) to variance 1/(1 − rate)', () => {
    const values = train({ type: 'dropout', rate }, standardNormal());
    expectMoments(values, 0, 1 / keep, 3 / keep ** 3);
    const share = average(values, (value) => Number(value === 0));
    expect(Math.abs(share - rate)).toBeLessThan(room(rate * keep));
    expectMoments(
      train({ type: 'dropout', rate }, tf.ones([COUNT / 100, 100])),
      1,
      rate / keep,
      keep * (rate / keep) ** 4 + rate,
    );
  });

  test.each([
    ['pictures', [100, 3, 4, 50]],
    ['sequences', [100, 6, 50]],
  ])('spatial dropout drops whole channels of %s, each by itself', (_, shape) => {
    const values = train({ type: 'spatialDropout', rate }, tf.ones(shape));
    const channels = shape.at(-1)!;
    const places = values.length / shape[0]! / channels;
    const first = (example: number, channel: number) => values[example * places * channels + channel]!;
    const kept = Math.fround(1 / keep);
    for (const [i, value] of values.entries()) {
      const example = Math.floor(i / channels / places);
      if (value !== first(example, i % channels)) expect.fail(`element ${i} parts from its channel`);
      if (value !== 0 && Math.abs(value - kept) > 1e-6) expect.fail(`element ${i} is ${value}`);
    }
    const draws = shape[0]! * channels;
    const share = average(values, (value) => Number(value === 0));
    expect(Math.abs(share - rate)).toBeLessThan(room(rate * keep, draws));
    const together = Array.from({ length: draws - 1 }, (_, i) => {
      const [here, next] = [i, i + 1].map((n) => first(Math.floor(n / channels), n % channels) === 0);
      return Number(here && next);
    });
    const shared = average(Float32Array.from(together), (value) => value);
    expect(Math.abs(shared - rate ** 2)).toBeLessThan(2 * room(rate ** 2, draws));
  });
});

test.each([0.1, 1, 3])('Gaussian noise of standard deviation %d is N(0, std²) on top', (std) => {
  const values = train({ type: 'gaussianNoise', std }, tf.fill([COUNT / 100, 100], 2));
  expectMoments(values, 2, std ** 2, 3 * std ** 4);
});

test.each([
  { type: 'dropout', rate: 0.3 },
  { type: 'alphaDropout', rate: 0.3 },
  { type: 'spatialDropout', rate: 0.3 },
  { type: 'gaussianNoise', std: 1 },
])('$type draws anew at each step, and the same at the same one', (spec) => {
  const input = tf.ones([10, 3, 20]);
  expect(train(spec, input, 1)).toEqual(train(spec, input, 1));
  expect(train(spec, input, 1)).not.toEqual(train(spec, input, 2));
});
