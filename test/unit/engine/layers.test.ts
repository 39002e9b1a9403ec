import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { startBackend } from '../../../src/engine/backends/start.ts';
import type { LayerFunction, LayerResult, Mode } from '../../../src/engine/model/layer.ts';
import { LAYERS } from '../../../src/engine/model/layers/index.ts';
import { trainingRandom } from '../../../src/engine/model/random-source.ts';
import { key, normal } from '../../../src/random.ts';
import { LayerSpec } from '../../../src/spec/layer.ts';

beforeAll(() => startBackend('wasm'));

function apply(
  spec: object,
  input: Tensor,
  weights: Record<string, Tensor> = {},
  mode: Mode = 'train',
  frozen = false,
): LayerResult {
  const layer = LayerSpec.parse(spec);
  const context = { mode, inputs: [input], frozen, random: trainingRandom(1, 1, 1)('layer') };
  const result = (LAYERS[layer.type] as LayerFunction<typeof layer.type>)(layer, weights, input, context);
  return 'output' in result ? result : { output: result };
}

const values = async (value: Tensor | undefined) => [...(await value!.data())];
const moments = (numbers: readonly number[]) => {
  const mean = numbers.reduce((a, b) => a + b, 0) / numbers.length;
  return { mean, variance: numbers.reduce((sum, v) => sum + (v - mean) ** 2, 0) / numbers.length };
};
const standardNormal = (shape: number[]) =>
  tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => normal(key(2), i)),
    shape,
  );

describe('batch norm', () => {
  const input = () => tensor([1, 10, 2, 20, 3, 30, 6, 40], [4, 2]);
  const weights = () => ({
    gamma: tensor([2, 1]),
    beta: tensor([0.5, -1]),
    movingMean: tensor([1, 1]),
    movingVariance: tensor([4, 9]),
  });
  const spec = { type: 'batchNorm', momentum: 0.9, epsilon: 0.001 };

  it('normalizes by the batch in training and moves its statistics', async () => {
    const { output, updates } = apply(spec, input(), weights());
    const columns = [
      [1, 2, 3, 6],
      [10, 20, 30, 40],
    ].map(moments);
    const expected = [1, 10, 2, 20, 3, 30, 6, 40].map((v, i) => {
      const { mean, variance } = columns[i % 2]!;
      return ((v - mean) / Math.sqrt(variance + 0.001)) * [2, 1][i % 2]! + [0.5, -1][i % 2]!;
    });
    for (const [i, v] of (await values(output)).entries()) expect(v).toBeCloseTo(expected[i]!, 5);
    // Keras: moving = 0.9 · moving + 0.1 · batch, by the biased variance.
    expect((await values(updates!.movingMean)).map((v) => +v.toFixed(5))).toEqual([1.2, 3.4]);
    expect((await values(updates!.movingVariance)).map((v) => +v.toFixed(5))).toEqual(
      [0.9 * 4 + 0.35, 0.9 * 9 + 12.5].map((v) => +v.toFixed(5)),
    );
  });

  it.each(['infer', 'mc', 'frozen'] as const)(
    'normalizes by its moving statistics and stays still: %s',
    async (how) => {
      const { output, updates } = apply(
        spec,
        input(),
        weights(),
        how === 'frozen' ? 'train' : how,
        how === 'frozen',
      );
      expect(updates).toBeUndefined();
      const [first] = await values(output);
      expect(first).toBeCloseTo(((1 - 1) / Math.sqrt(4.001)) * 2 + 0.5, 6);
      expect((await values(output))[3]).toBeCloseTo((20 - 1) / Math.sqrt(9.001) - 1, 5);
    },
  );

  it('does so over any axis', async () => {
    const input = standardNormal([8, 3, 5]);
    const stats = { movingMean: tensor([0, 0, 0]), movingVariance: tensor([1, 1, 1]) };
    const { output } = apply({ type: 'batchNorm', axis: 1, center: false, scale: false }, input, stats);
    const numbers = await values(output);
    for (const channel of [0, 1, 2]) {
      const { mean, variance } = moments(numbers.filter((_, i) => Math.floor(i / 5) % 3 === channel));
      expect(mean).toBeCloseTo(0, 5);
      expect(variance).toBeCloseTo(1, 2);
    }
  });
});

describe('dropout', () => {
  const input = () => standardNormal([100, 1000]);

  it.each(['dropout', 'alphaDropout', 'spatialDropout', 'gaussianNoise'])(
    '%s is off in inference',
    async (type) => {
      const spec = type === 'gaussianNoise' ? { type, std: 0.5 } : { type, rate: 0.5 };
      const image = standardNormal([2, 3, 3, 2]);
      expect(await values(apply(spec, image, {}, 'infer').output)).toEqual(await values(image));
    },
  );

  it('drops its share and scales the rest, keeping the mean', async () => {
    const before = await values(input());
    const after = await values(apply({ type: 'dropout', rate: 0.3 }, input()).output);
    expect(after.filter((v) => v === 0).length / after.length).toBeCloseTo(0.3, 2);
    for (const i of [0, 1, 2, 3, 4, 5])
      expect([0, Math.fround(before[i]! / 0.7)].some((v) => Math.abs(v - after[i]!) < 1e-6)).toBe(true);
  });

  it.each([0.05, 0.1, 0.2, 0.5])(
    'as alpha dropout keeps N(0, 1)’s mean and variance at rate %d',
    async (rate) => {
      const { mean, variance } = moments(await values(apply({ type: 'alphaDropout', rate }, input()).output));
      // 100,000 draws: four standard errors of the mean, and about as much of the variance.
      expect(Math.abs(mean)).toBeLessThan(4 / Math.sqrt(100_000));
      expect(Math.abs(variance - 1)).toBeLessThan(0.025);
    },
  );

  it('drops whole channels as spatial dropout', async () => {
    const image = tensor(new Float32Array(20 * 3 * 3 * 8).fill(1), [20, 3, 3, 8]);
    const after = await values(apply({ type: 'spatialDropout', rate: 0.4 }, image).output);
    for (let example = 0; example < 20; example++) {
      for (let channel = 0; channel < 8; channel++) {
        const pixels = Array.from({ length: 9 }, (_, i) => after[(example * 9 + i) * 8 + channel]!);
        expect(new Set(pixels).size).toBe(1);
      }
    }
    expect(after.filter((v) => v === 0).length / after.length).toBeCloseTo(0.4, 0.8);
  });
});
