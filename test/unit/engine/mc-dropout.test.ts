import { memory, tensor, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { startBackend } from '../../../src/engine/backends/start.ts';
import { buildNetwork, forward, initialWeights } from '../../../src/engine/model/network.ts';
import { monteCarloRandom } from '../../../src/engine/model/random-source.ts';
import { toUnits } from '../../../src/engine/predict/decode.ts';
import { startPasses } from '../../../src/engine/predict/passes.ts';
import { NotStochasticError, predict, predictMonteCarlo } from '../../../src/engine/predict/predict.ts';
import {
  entropy,
  labelEntropy,
  quantile,
  summarizeNumbers,
  summarizeProbabilities,
} from '../../../src/engine/predict/uncertainty.ts';
import { fromArrays } from '../../../src/engine/tensors.ts';
import type { NamedArrays } from '../../../src/safetensors.ts';
import { hiddenLayers } from '../../../src/spec/expand.ts';
import { ModelSpec } from '../../../src/spec/model.ts';

beforeAll(() => startBackend('wasm'));

function model(inputShape: number[], layers: unknown[], weights: NamedArrays = {}) {
  const network = buildNetwork({
    inputShape,
    layers: hiddenLayers(ModelSpec.parse({ layers })),
  });
  return { network, weights: fromArrays({ ...initialWeights(network, 3), ...weights }) };
}

const linear = (values: number[]) => ({ shape: [values.length, 1], data: Float32Array.from(values) });
const asIs = toUnits({ mean: 0, std: 1 });
const numbers = (samples: Float64Array[]) => Float64Array.from(samples, ([value]) => value!);

describe('Monte-Carlo dropout', () => {
  it.each(['dropout', 'alphaDropout', 'gaussianNoise'])(
    'has the predictive mean and variance that %s before a linear output has in closed form',
    async (type) => {
      const [w, b, p, std] = [[0.5, -1, 2, 0.25], 0.3, 0.2, 0.4];
      const noise = type === 'gaussianNoise' ? { type, std } : { type, rate: p };
      const bias = { shape: [1], data: Float32Array.of(b) };
      const layers = [noise, { type: 'dense', name: 'output', units: 1 }];
      const net = model([4], layers, { 'output/kernel': linear(w), 'output/bias': bias });
      const x = [1, 2, -1.5, 3];
      const { summaries } = await predictMonteCarlo(
        net,
        Float32Array.from(x),
        1,
        asIs,
        { samples: 20_000, seed: 5 },
        numbers,
      );
      const { mean, std: found } = summarizeNumbers(summaries[0]!, []);

      // Dropout multiplies x by Bernoulli(1 − p)/(1 − p); alpha dropout takes a·(m·x + (1 − m)·α′) + c.
      const keep = 1 - p;
      const alpha = -1.7580993408473766;
      const a = (keep + alpha ** 2 * keep * p) ** -0.5;
      const c = -a * p * alpha;
      const expected = {
        dropout: { mean: (xi: number) => xi, variance: (xi: number) => (xi ** 2 * p) / keep },
        alphaDropout: {
          mean: (xi: number) => a * (keep * xi + p * alpha) + c,
          variance: (xi: number) => a ** 2 * keep * p * (xi - alpha) ** 2,
        },
        gaussianNoise: { mean: (xi: number) => xi, variance: () => std ** 2 },
      }[type]!;
      const trueMean = x.reduce((sum, xi, i) => sum + w[i]! * expected.mean(xi), b);
      const trueVariance = x.reduce((sum, xi, i) => sum + w[i]! ** 2 * expected.variance(xi), 0);
      // Four standard errors of the sample's mean and standard deviation.
      expect(Math.abs(mean - trueMean)).toBeLessThan((4 * Math.sqrt(trueVariance)) / Math.sqrt(20_000));
      expect(found / Math.sqrt(trueVariance)).toBeCloseTo(1, 1.5);
    },
  );

  const deep = () =>
    model(
      [5],
      [
        { type: 'batchNorm' },
        { type: 'dense', units: 16, activation: 'relu' },
        { type: 'dropout', rate: 0.5 },
        { type: 'dense', units: 16, activation: 'relu' },
        { type: 'dropout', rate: 0.2 },
        { type: 'dense', name: 'output', units: 2 },
      ],
    );
  const x = Float32Array.from({ length: 35 }, (_, i) => Math.sin(i));
  const keepAll = (samples: Float64Array[]) => samples.map((sample) => [...sample]);

  it('gives the same samples for the same seed, and others for another', async () => {
    const net = deep();
    const ask = async (seed: number) =>
      (await predictMonteCarlo(net, x, 7, asIs, { samples: 30, seed }, keepAll)).summaries;
    expect(await ask(1)).toEqual(await ask(1));
    expect(await ask(1)).not.toEqual(await ask(2));
    expect(new Set((await ask(1))[0]!.map(String)).size).toBeGreaterThan(20);
  });

  it('answers a row alone as among others, and few passes as the first of many', async () => {
    const net = deep();
    const all = (await predictMonteCarlo(net, x, 7, asIs, { samples: 40, seed: 1 }, keepAll)).summaries;
    const alone = (
      await predictMonteCarlo(net, x.subarray(15, 20), 1, asIs, { samples: 10, seed: 1 }, keepAll)
    ).summaries;
    for (const [pass, sample] of alone[0]!.entries()) {
      for (const [unit, value] of sample.entries()) expect(value).toBeCloseTo(all[3]![pass]![unit]!, 5);
    }
  });

  it('leaves batch norm in inference mode and its statistics alone', async () => {
    const net = model(
      [2],
      [
        { type: 'batchNorm', name: 'norm' },
        { type: 'dropout', rate: 0.5 },
        { type: 'dense', name: 'output', units: 1 },
      ],
      {
        'norm/movingMean': { shape: [2], data: Float32Array.of(3, 3) },
        'norm/movingVariance': { shape: [2], data: Float32Array.of(4, 4) },
      },
    );
    // An input at the moving mean normalizes to zero, which dropout leaves at zero: no pass may differ.
    const { summaries } = await predictMonteCarlo(
      net,
      Float32Array.of(3, 3),
      1,
      asIs,
      { samples: 20, seed: 1 },
      numbers,
    );
    expect(new Set(summaries[0])).toEqual(new Set([0]));
    expect([...(await net.weights['norm/movingMean']!.data())]).toEqual([3, 3]);
  });

  it('stops once the standard error is small enough', async () => {
    const net = deep();
    const ask = (targetStandardError: number) =>
      predictMonteCarlo(net, x, 7, asIs, { samples: 5_000, seed: 1, targetStandardError }, numbers);
    const [loose, tight] = [await ask(0.2), await ask(0.05)];
    expect(loose.samplesUsed).toBeLessThan(tight.samplesUsed);
    expect(tight.samplesUsed).toBeLessThan(5_000);
    const { std } = summarizeNumbers(tight.summaries[0]!, []);
    expect(std / Math.sqrt(tight.samplesUsed - 1)).toBeLessThanOrEqual(0.05 + 1e-9);
  });

  it('refuses a model without a dropout layer, and one whose rates are all zero', async () => {
    for (const layers of [[], [{ type: 'dropout', rate: 0 }]]) {
      const net = model([2], [...layers, { type: 'dense', name: 'output', units: 1 }]);
      const ask = predictMonteCarlo(net, Float32Array.of(1, 2), 1, asIs, { samples: 5, seed: 1 }, numbers);
      await expect(ask).rejects.toThrow(NotStochasticError);
    }
  });

  it('works on images, whole channels dropped', async () => {
    const net = model(
      [6, 6, 1],
      [
        { type: 'conv2d', filters: 4, kernelSize: 3, activation: 'relu' },
        { type: 'spatialDropout', rate: 0.5 },
        { type: 'flatten' },
        { type: 'dense', name: 'output', units: 3 },
      ],
    );
    const images = Float32Array.from({ length: 72 }, (_, i) => Math.cos(i));
    const [mean] = await predict(net, images, 2, asIs);
    const { summaries } = await predictMonteCarlo(net, images, 2, asIs, { samples: 4_000, seed: 1 }, keepAll);
    // The output is linear in the mask, so its mean over masks is the deterministic output.
    const found = summaries[0]!.reduce((sum, sample) => sum + sample[1]!, 0) / 4_000;
    expect(found).toBeCloseTo(mean![1]!, 1);
  });
});

describe('Monte-Carlo passes through a graph', () => {
  const [rows, width, seed] = [3, 4, 9];
  const x = Float32Array.from({ length: rows * width }, (_, i) => Math.sin(2 * i));
  const dense = (more: object = {}) => ({ type: 'dense', units: width, activation: 'tanh', ...more });
  const drop = { type: 'dropout', rate: 0.4 };
  const output = { type: 'dense', name: 'output', units: 2 };

  /** One pass by itself, every layer of it, for each of the passes. */
  function wholePasses({ network, weights }: ReturnType<typeof model>, passes: number): number[] {
    return Array.from({ length: passes }, (_, pass) =>
      tidy(() => {
        const input = tensor(x, [rows, width]);
        const random = monteCarloRandom(seed, pass, 1);
        return [...forward(network, weights, input, { mode: 'mc', random }).output.dataSync()];
      }),
    ).flat();
  }

  it.each([
    ['in a residual’s layers', 1, [dense(), { type: 'residual', layers: [dense(), drop, dense()] }]],
    ['first of all in a residual on the input', 1, [{ type: 'residual', layers: [drop, dense()] }]],
    ['in a residual’s skip', 1, [dense(), { type: 'residual', layers: [dense()], skip: [drop, dense()] }]],
    [
      'in a residual within a residual',
      1,
      [dense(), { type: 'residual', layers: [dense(), { type: 'residual', layers: [drop, dense()] }] }],
    ],
    [
      'between a layer and others that take it and the input later',
      3,
      [
        dense({ name: 'low' }),
        dense({ name: 'high' }),
        drop,
        { type: 'concat', inputs: ['dropout_1', 'low', 'input'] },
      ],
    ],
  ])('are those of each pass computed whole, where dropout stands %s', async (_, times, layers) => {
    const net = model([width], [...layers, output]);
    expect(net.network.layers.at(-1)!.inputShape).toEqual([width * times]);
    const expected = wholePasses(net, 8);
    const before = memory().numTensors;
    const passes = startPasses(net.network, net.weights, x, rows, seed);
    const found = [...(await passes.next(3)), ...(await passes.next(1)), ...(await passes.next(4))];
    passes.dispose();
    expect(memory().numTensors).toBe(before);
    expect(found).toHaveLength(8 * rows * 2);
    for (const [i, value] of expected.entries()) expect(found[i]).toBeCloseTo(value, 5);
    expect(new Set(found.filter((_, i) => i % (rows * 2) === 0)).size).toBeGreaterThan(4);
  });
});

describe('uncertainty', () => {
  it('takes quantiles as numpy does', () => {
    const sorted = Float64Array.of(1, 2, 4, 8);
    expect([0, 0.05, 0.5, 0.9, 1].map((q) => quantile(sorted, q))).toEqual([
      1, 1.15, 3, 6.800000000000001, 8,
    ]);
  });

  it('splits entropy into what the data and what the model does not know', () => {
    // Two passes that are sure of opposite classes: all of the entropy is the model's.
    const torn = summarizeProbabilities([Float64Array.of(1, 0), Float64Array.of(0, 1)]);
    expect(torn).toMatchObject({
      predictiveEntropy: Math.log(2),
      expectedEntropy: 0,
      mutualInformation: Math.log(2),
    });
    expect([...torn.probabilitiesStd]).toEqual([0.5, 0.5]);
    // Passes that agree on a coin toss: all of it is the data's.
    const coin = summarizeProbabilities([Float64Array.of(0.5, 0.5), Float64Array.of(0.5, 0.5)]);
    expect(coin).toMatchObject({
      predictiveEntropy: Math.log(2),
      expectedEntropy: Math.log(2),
      mutualInformation: 0,
    });
  });

  it('adds the entropies of labels up', () => {
    expect(labelEntropy(Float64Array.of(0.5, 0, 1, 0.5))).toBeCloseTo(2 * Math.log(2), 12);
    // The passes contradict each other about the first label, and toss a coin for the second.
    const samples = [Float64Array.of(1, 0.5), Float64Array.of(0, 0.5)];
    const { predictiveEntropy, expectedEntropy, mutualInformation } = summarizeProbabilities(
      samples,
      labelEntropy,
    );
    expect(predictiveEntropy).toBeCloseTo(2 * Math.log(2), 12);
    expect(expectedEntropy).toBeCloseTo(Math.log(2), 12);
    expect(mutualInformation).toBeCloseTo(Math.log(2), 12);
  });

  it('of what is not a number is not a number either, so that it abstains', () => {
    expect(entropy(Float64Array.of(Number.NaN, 0.5))).toBeNaN();
    expect(labelEntropy(Float64Array.of(Number.NaN, 0.5))).toBeNaN();
  });
});
