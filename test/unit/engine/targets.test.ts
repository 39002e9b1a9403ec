import { memory } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { startBackend } from '../../../src/engine/backends/start.ts';
import { mixtureQuantile, normalCdf } from '../../../src/engine/gaussian.ts';
import { toGaussian } from '../../../src/engine/predict/decode.ts';
import {
  evaluateLabels,
  evaluateModel,
  evaluateMonteCarlo,
} from '../../../src/engine/predict/evaluate-model.ts';
import { predict, predictMonteCarlo } from '../../../src/engine/predict/predict.ts';
import { summarizeGaussians } from '../../../src/engine/predict/uncertainty.ts';
import { fromArrays } from '../../../src/engine/tensors.ts';
import type { Examples } from '../../../src/engine/train/batch.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../../src/engine/train/train-state.ts';
import { key, normal } from '../../../src/random.ts';
import { McDropoutSpec } from '../../../src/spec/prediction.ts';
import { hash, smallJob, train } from './small-job.ts';

beforeAll(() => startBackend('wasm'));

const adam = { type: 'adam', learningRate: 0.02 };
const dropout = [
  { type: 'dense', units: 16, activation: 'tanh' },
  { type: 'dropout', rate: 0.1 },
];

describe('labels', () => {
  /** Two numbers: is the first positive? Is their sum? Is either of them large? */
  function labelled(count: number, seed: number): Examples {
    const stream = key(seed, 'labelled');
    const x = Float32Array.from({ length: count * 2 }, (_, i) => normal(stream, i));
    const y = Float32Array.from({ length: count * 3 }, (_, i) => {
      const [a, b] = x.subarray(2 * Math.floor(i / 3));
      return Number([a! > 0, a! + b! > 0, Math.max(a!, b!) > 1][i % 3]);
    });
    return { count, width: 2, units: 3, x, y };
  }
  const job = (options: object = {}) =>
    smallJob({
      task: 'multilabel',
      train: labelled(300, 1),
      validation: labelled(100, 2),
      layers: dropout,
      stages: [{ epochs: 30, optimizer: adam }],
      ...options,
    });

  it('are learned each on its own, by binary cross-entropy when no loss is given', async () => {
    const given = { objective: { type: 'supervised', loss: { type: 'binaryCrossEntropy' } } };
    const [byDefault, asGiven] = [
      await train(job()),
      await train(job({ stages: [{ epochs: 30, optimizer: adam, ...given }] })),
    ];
    expect(hash(byDefault.weights!)).toBe(hash(asGiven.weights!));
    const { metrics } = byDefault.epochs.at(-1)!;
    expect(metrics.val_accuracy).toBeGreaterThan(0.9);
    expect(metrics.val_exactMatch).toBeGreaterThan(0.75);
    expect(metrics.val_exactMatch).toBeLessThan(metrics.val_accuracy!);
    // Without penalties and weights the loss is the likelihood.
    expect(metrics.val_loss).toBeCloseTo(metrics.val_nll!, 4);
  });

  it('resume bit for bit in the middle of an epoch', async () => {
    const straight = await train(job({ checkpointEvery: 7, stages: [{ epochs: 2, optimizer: adam }] }));
    for (const checkpoint of straight.checkpoints) {
      const resumed = await train(job({ stages: [{ epochs: 2, optimizer: adam }] }), {
        resume: decodeCheckpoint(encodeCheckpoint(checkpoint)),
      });
      expect(hash(resumed.weights!)).toBe(hash(straight.weights!));
      expect(resumed.epochs.at(-1)!.metrics).toEqual(straight.epochs.at(-1)!.metrics);
    }
  });

  it('are evaluated, by one pass and by many', async () => {
    const small = job();
    const { weights } = await train(small);
    const before = memory().numTensors;
    const split = labelled(200, 3);
    const { nll, accuracy } = await evaluateModel(small, weights!, split);
    const { auc, confusions } = await evaluateLabels(small, weights!, split);
    const mc = await evaluateMonteCarlo(small, weights!, split, McDropoutSpec.parse({ samples: 50 }));
    expect(memory().numTensors).toBe(before);
    expect(auc).toBeGreaterThan(0.95);
    expect(confusions).toHaveLength(3);
    const right = confusions.reduce((sum, label) => sum + label.truePositives + label.trueNegatives, 0);
    expect(right / 600).toBeCloseTo(accuracy!, 12);
    expect(Object.keys(mc)).toContain('mc_exactMatch');
    expect(Math.abs(mc.mc_nll! - nll!)).toBeLessThan(0.1);
    expect(mc.mc_nll).not.toBe(nll);
  });

  it('lose nothing of a likelihood where every pass is sure of the wrong answer', async () => {
    const layers = [{ type: 'dropout', rate: 0.5 }];
    const weights = {
      'output/kernel': { shape: [1, 2], data: Float32Array.of(0, 0) },
      'output/bias': { shape: [2], data: Float32Array.of(200, -200) },
    };
    const split = { count: 1, width: 1, units: 2, x: Float32Array.of(1), y: Float32Array.of(0, 1) };
    const sure = job({ train: split, layers });
    const mc = await evaluateMonteCarlo(sure, weights, split, McDropoutSpec.parse({ samples: 4 }));
    expect(mc.mc_nll).toBeCloseTo(200, 3);
  });
});

describe('a Gaussian', () => {
  /** y = sin 2x with noise whose standard deviation is 0.1 on the left of 0 and 0.5 on its right. */
  function noisy(count: number, seed: number): Examples {
    const stream = key(seed, 'noisy');
    const x = Float32Array.from({ length: count }, (_, i) => 2 * Math.sin(7919 * i + seed));
    const y = x.map((value, i) => Math.sin(2 * value) + (value < 0 ? 0.1 : 0.5) * normal(stream, i));
    return { count, width: 1, units: 1, x, y };
  }
  const nll = { objective: { type: 'supervised', loss: { type: 'gaussianNll' } } };
  const job = (options: object = {}) =>
    smallJob({
      distribution: 'gaussian',
      train: noisy(600, 1),
      validation: noisy(200, 2),
      layers: [
        { type: 'dense', units: 32, activation: 'tanh' },
        { type: 'dropout', rate: 0.02 },
        { type: 'dense', units: 32, activation: 'tanh' },
      ],
      stages: [{ epochs: 60, optimizer: { type: 'adam', learningRate: 0.01 }, ...nll }],
      ...options,
    });

  it('learns the mean, and how much noise there is where', async () => {
    const small = job();
    const { weights, epochs } = await train(small);
    const { metrics } = epochs.at(-1)!;
    expect(metrics.val_r2).toBeGreaterThan(0.6);
    // The loss leaves out the constant that the metric has.
    expect(metrics.val_loss! + Math.log(2 * Math.PI) / 2).toBeCloseTo(metrics.val_nll!, 4);

    const model = { network: small.network, weights: fromArrays(weights!) };
    const [left, right] = await predict(model, Float32Array.of(-1, 1), 2, toGaussian({ mean: 0, std: 1 }));
    expect(left![1]).toBeGreaterThan(0.05);
    expect(left![1]).toBeLessThan(0.2);
    expect(right![1]).toBeGreaterThan(0.35);
    expect(right![1]).toBeLessThan(0.7);
    const [scaled] = await predict(model, Float32Array.of(-1), 1, toGaussian({ mean: 100, std: 20 }));
    expect(scaled![0]).toBeCloseTo(100 + 20 * left![0]!, 4);
    expect(scaled![1]).toBeCloseTo(20 * left![1]!, 4);
  });

  it('leaves the variance alone in a stage with another loss, which sees the mean', async () => {
    const stage = { epochs: 3, optimizer: { type: 'sgd', learningRate: 0.1 } };
    const { checkpoints, weights, epochs } = await train(job({ stages: [{ ...stage, ...nll }, stage] }));
    const before = checkpoints.find(({ position }) => position.stage === 2)!.weights;
    const ofVariance = ({ data }: { data: Float32Array }) => [...data].filter((_, i) => i % 2 === 1);
    expect(ofVariance(weights!['output/kernel']!)).toEqual(ofVariance(before['output/kernel']!));
    expect(weights!['output/kernel']!.data).not.toEqual(before['output/kernel']!.data);
    const { val_loss, val_rmse, val_nll } = epochs.at(-1)!.metrics;
    expect(val_loss).toBeCloseTo(val_rmse! ** 2, 4);
    expect(val_nll).not.toBeNaN();
  });

  it('is evaluated by its mixture over many passes, in which it leaks nothing', async () => {
    const small = job({ stages: [{ epochs: 5, ...nll }] });
    const { weights } = await train(small);
    const split = noisy(100, 3);
    const before = memory().numTensors;
    const one = await evaluateModel(small, weights!, split);
    const mc = await evaluateMonteCarlo(small, weights!, split, McDropoutSpec.parse({ samples: 20 }));
    expect(memory().numTensors).toBe(before);
    expect(Object.keys(mc)).toEqual(['mc_rmse', 'mc_mae', 'mc_r2', 'mc_nll']);
    expect(Math.abs(mc.mc_nll! - one.nll!)).toBeLessThan(0.2);

    // The same by hand, from each pass’s own mean and logarithm of its variance.
    const model = { network: small.network, weights: fromArrays(weights!) };
    const raw = (output: Float32Array) => Float64Array.from(output);
    const { summaries } = await predictMonteCarlo(
      model,
      split.x,
      split.count,
      raw,
      { samples: 20, seed: 0 },
      (samples, row) => {
        const densities = samples.map(
          ([mean, s]) =>
            Math.exp(-((split.y[row]! - mean!) ** 2) / (2 * Math.exp(s!))) /
            Math.sqrt(2 * Math.PI * Math.exp(s!)),
        );
        return -Math.log(densities.reduce((sum, density) => sum + density, 0) / 20);
      },
    );
    const expected = summaries.reduce((sum, value) => sum + value, 0) / split.count;
    expect(mc.mc_nll).toBeCloseTo(expected, 6);
  });

  it('has the mean and the total variance over passes that dropout before a linear output has in closed form', async () => {
    const [w, p, logVariance, std] = [2, 0.25, Math.log(0.09), 10];
    const small = job({ layers: [{ type: 'dropout', rate: p }] });
    const weights = fromArrays({
      'output/kernel': { shape: [1, 2], data: Float32Array.of(w, 0) },
      'output/bias': { shape: [2], data: Float32Array.of(1, logVariance) },
    });
    const { summaries } = await predictMonteCarlo(
      { network: small.network, weights },
      Float32Array.of(3),
      1,
      toGaussian({ mean: 50, std }),
      { samples: 20_000, seed: 5 },
      (samples) => summarizeGaussians(samples, [0, 0.5, 1]),
    );
    const [found] = summaries;
    const epistemic = std * w * 3 * Math.sqrt(p / (1 - p));
    expect(found!.epistemicStd / epistemic).toBeCloseTo(1, 1.5);
    expect(found!.aleatoricStd).toBeCloseTo(std * 0.3, 4);
    expect(found!.std ** 2).toBeCloseTo(found!.aleatoricStd ** 2 + found!.epistemicStd ** 2, 6);
    expect(Math.abs(found!.mean - (50 + std * 7))).toBeLessThan((4 * epistemic) / Math.sqrt(20_000));
    expect(found!.quantiles[0]).toBe(Number.NEGATIVE_INFINITY);
    expect(found!.quantiles[2]).toBe(Number.POSITIVE_INFINITY);
  });

  it('stops its passes by the mean’s standard error, and not by the deviation’s', async () => {
    const small = job({ layers: [{ type: 'dropout', rate: 0.5 }] });
    // The mean doesn’t depend on the input, which dropout takes away; the variance does.
    const weights = fromArrays({
      'output/kernel': { shape: [1, 2], data: Float32Array.of(0, 1) },
      'output/bias': { shape: [2], data: Float32Array.of(1, 0) },
    });
    const { samplesUsed } = await predictMonteCarlo(
      { network: small.network, weights },
      Float32Array.of(3),
      1,
      toGaussian({ mean: 0, std: 1 }),
      { samples: 1_000, seed: 1, targetStandardError: 1e-3 },
      (samples) => samples,
    );
    expect(samplesUsed).toBe(10);
  });
});

describe('a mixture’s quantiles', () => {
  const quantiles = (means: number[], stds: number[], qs: number[]) =>
    qs.map((q) => mixtureQuantile(Float64Array.from(means), Float64Array.from(stds), q));

  it('grow with what is asked, and have the asked share below them', () => {
    const value = fc.double({ min: -100, max: 100, noNaN: true });
    const component = fc.tuple(value, fc.double({ min: 0.01, max: 100, noNaN: true }));
    const components = fc.array(component, { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(components, (mixture) => {
        const [means, stds] = [mixture.map(([mean]) => mean), mixture.map(([, std]) => std)];
        const asked = [0.001, 0.05, 0.3, 0.5, 0.95, 0.999];
        const found = quantiles(means, stds, asked);
        expect([...found].sort((a, b) => a - b)).toEqual(found);
        for (const [i, y] of found.entries()) {
          const below = mixture.reduce((sum, [mean, std]) => sum + normalCdf((y - mean) / std), 0);
          expect(below / mixture.length).toBeCloseTo(asked[i]!, 8);
        }
      }),
    );
  });

  it('lie between two Gaussians that are far apart where half is asked', () => {
    expect(quantiles([-1e6, 1e6], [1, 1], [0.5])).toEqual([0]);
  });

  it('of what is not a number are none, and end', () => {
    expect(quantiles([Number.NaN, 1], [1, 1], [0.5])).toEqual([Number.NaN]);
    expect(quantiles([1, 1], [1, Number.NaN], [0.3])).toEqual([Number.NaN]);
  });
});
