import { describe, expect, it } from 'vitest';
import { describerOf } from '../../../apps/worker/describe-prediction.ts';
import { buildNetwork } from '../../../src/engine/model/network.ts';
import type { Distribution } from '../../../src/spec/distribution.ts';
import { McDropoutSpec, PredictionResponse } from '../../../src/spec/prediction.ts';
import { type FittedPreprocess, Preprocess, type TargetEncoding } from '../../../src/spec/preprocess.ts';

/** What is said of a target doesn't depend on it. */
const NO_INPUT = new Float32Array();
const inputs = [{ type: 'number', name: 'x', mean: 0, std: 1 }];

function describerFor(
  target: TargetEncoding,
  options: { distribution?: Distribution; abstainAbove?: number } = {},
) {
  const { distribution = 'point', abstainAbove } = options;
  const network = buildNetwork({ inputShape: [1], layers: [{ type: 'flatten', name: 'all' }], distribution });
  const preprocess = Preprocess.parse({ task: 'regression', inputs, target }) as FittedPreprocess;
  const { one, many } = describerOf({ network, preprocess }, { abstainAbove });
  return {
    one: (output: Float64Array, input = NO_INPUT) => one(output, input),
    many: (samples: Float64Array[], mcDropout: McDropoutSpec, input = NO_INPUT) =>
      many(samples, mcDropout, input),
  };
}

/** What the API would pass on: an answer that its schema refuses is a fault. */
const checked = (prediction: unknown) =>
  PredictionResponse.parse({ modelId: 'mdl_1', samplesUsed: 0, predictions: [prediction] }).predictions[0];

const answers = (...samples: number[][]) => samples.map((sample) => Float64Array.from(sample));
const asked = (options: object = {}) => McDropoutSpec.parse(options);

describe('labels', () => {
  const target: TargetEncoding = { type: 'labels', names: ['wet', 'cold', 'dark'] };

  it('of one pass are predicted from ½ on, with the sum of their entropies', () => {
    const { one } = describerFor(target);
    expect(checked(one(Float64Array.of(0.5, 0.25, 1)))).toEqual({
      predictedLabels: ['wet', 'dark'],
      probabilities: { wet: 0.5, cold: 0.25, dark: 1 },
      predictiveEntropy: expect.closeTo(Math.LN2 - 0.25 * Math.log(0.25) - 0.75 * Math.log(0.75), 12),
    });
  });

  it('of many passes are predicted by the mean, and abstain by its entropy', () => {
    const samples = answers([0, 0, 0.9], [1, 0, 0.9]);
    const { many } = describerFor(target, { abstainAbove: 1 });
    const noise = -0.9 * Math.log(0.9) - 0.1 * Math.log(0.1);
    expect(checked(many(samples, asked({ returnSamples: true })))).toEqual({
      predictedLabels: ['wet', 'dark'],
      probabilities: { wet: 0.5, cold: 0, dark: 0.9 },
      probabilitiesStd: { wet: 0.5, cold: 0, dark: 0 },
      predictiveEntropy: expect.closeTo(Math.LN2 + noise, 12),
      expectedEntropy: expect.closeTo(noise, 12),
      mutualInformation: expect.closeTo(Math.LN2, 12),
      samples: [
        { wet: 0, cold: 0, dark: 0.9 },
        { wet: 1, cold: 0, dark: 0.9 },
      ],
      abstained: true,
    });
  });
});

describe('a number', () => {
  const target: TargetEncoding = { type: 'number', name: 'y', mean: 0, std: 1 };

  it('as a point has no uncertainty in one pass, and that of the passes in many', () => {
    const { one, many } = describerFor(target, { abstainAbove: 0.5 });
    expect(checked(one(Float64Array.of(3)))).toEqual({ mean: 3 });
    expect(checked(many(answers([1], [3]), asked({ quantiles: [0.5] })))).toEqual({
      mean: 2,
      std: 1,
      quantiles: [{ quantile: 0.5, value: 2 }],
      abstained: true,
    });
  });

  it('as a Gaussian has its noise in one pass, by which it abstains', () => {
    const { one } = describerFor(target, { distribution: 'gaussian', abstainAbove: 0.5 });
    expect(checked(one(Float64Array.of(3, 0.4)))).toEqual({ mean: 3, aleatoricStd: 0.4, abstained: false });
    expect(checked(one(Float64Array.of(3, 0.6)))).toMatchObject({ abstained: true });
    expect(checked(one(Float64Array.of(3, Number.NaN)))).toMatchObject({
      aleatoricStd: 'NaN',
      abstained: true,
    });
  });

  it('as a Gaussian has the total of both uncertainties in many passes', () => {
    const { many } = describerFor(target, { distribution: 'gaussian', abstainAbove: 4.9 });
    const mcDropout = asked({ quantiles: [0, 0.5, 1], returnSamples: true });
    expect(checked(many(answers([-4, 3], [4, 3]), mcDropout))).toEqual({
      mean: 0,
      std: 5,
      aleatoricStd: 3,
      epistemicStd: 4,
      quantiles: [
        { quantile: 0, value: '-Infinity' },
        { quantile: 0.5, value: 0 },
        { quantile: 1, value: 'Infinity' },
      ],
      samples: [-4, 4],
      abstained: true,
    });
  });
});

it('A class is the likeliest one', () => {
  const { one } = describerFor({ type: 'category', name: 'kind', classes: ['a', 'b'] });
  expect(checked(one(Float64Array.of(0.25, 0.75)))).toMatchObject({
    predictedClass: 'b',
    probabilities: { a: 0.25, b: 0.75 },
  });
});

describe('an input put together again', () => {
  const input = Float32Array.of(1);

  it('of one pass is told by column, with its error', () => {
    const { one } = describerFor({ type: 'input' }, { abstainAbove: 0.4 });
    expect(checked(one(Float64Array.of(1.5), input))).toEqual({
      reconstruction: { x: 1.5 },
      error: 0.5,
      abstained: true,
    });
    expect(checked(one(Float64Array.of(Number.NaN), input))).toEqual({
      reconstruction: { x: 'NaN' },
      error: 'NaN',
      abstained: true,
    });
  });

  it('of many passes is their mean, with the mean and spread of their errors', () => {
    const { many } = describerFor({ type: 'input' }, { abstainAbove: 2 });
    const samples = answers([0], [4]);
    expect(checked(many(samples, asked({ quantiles: [0.5], returnSamples: true }), input))).toEqual({
      reconstruction: { x: 2 },
      error: 2,
      errorStd: 1,
      quantiles: [{ quantile: 0.5, value: 2 }],
      samples: [1, 3],
      abstained: false,
    });
  });
});

it('says of a turn how likely each is', () => {
  const { one } = describerFor({ type: 'turn' });
  expect(checked(one(Float64Array.of(0.1, 0.7, 0.1, 0.1)))).toMatchObject({
    predictedClass: '90',
    probabilities: { 0: 0.1, 90: 0.7, 180: 0.1, 270: 0.1 },
  });
});
