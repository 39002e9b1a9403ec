import { memory } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { startBackend } from '../../../src/engine/backends/start.ts';
import { initialWeights } from '../../../src/engine/model/network.ts';
import { readRangeTest } from '../../../src/engine/train/find-learning-rate.ts';
import { key, normal } from '../../../src/random.ts';
import { examples, hash, smallJob, train } from './small-job.ts';

beforeAll(() => startBackend('wasm'));

const FINDER = { type: 'lrFinder', minLearningRate: 1e-5, maxLearningRate: 100 };
const sweeping = (schedule: object = {}) => ({
  train: examples(400, 3, 7),
  validation: examples(100, 3, 8),
  layers: [{ type: 'dense', units: 32, activation: 'tanh' }],
  stages: [{ epochs: 8, optimizer: { type: 'sgd' }, schedule: { ...FINDER, ...schedule } }],
});

const noisy = (sweep: { learningRate: number; loss: number }[], seed = 0) =>
  sweep.map((point, i) => ({ ...point, loss: point.loss + 0.01 * normal(key('noise', seed), i) }));

describe('reading a sweep', () => {
  // Flat, then falling by a logistic curve around 1e-3, least at 1e-2, and climbing after it.
  const sweep = Array.from({ length: 401 }, (_, i) => {
    const exponent = -5 + i / 100;
    const fall = 1 / (1 + Math.exp(10 * (exponent + 3)));
    const climb = Math.max(0, exponent + 2) ** 2;
    return { learningRate: 10 ** exponent, loss: 1 + fall + climb };
  });

  it('proposes a tenth of the rate at the least loss, whatever the noise', () => {
    const { suggested, climbed, curve, steps } = readRangeTest(noisy(sweep));
    // The fall's tail shifts the least a little beyond 1e-2.
    expect(Math.log10(suggested!)).toBeCloseTo(-3, 0.5);
    expect(climbed).toBe(true);
    expect(steps).toBe(401);
    expect(curve).toHaveLength(401);
  });

  it('says so where the loss is still falling at the end', () => {
    expect(readRangeTest(noisy(sweep.slice(0, 250)))).toMatchObject({ climbed: false });
  });

  it('proposes none where the loss never fell by more than its noise', () => {
    const climbing = sweep.map((point, i) => ({ ...point, loss: i }));
    expect(readRangeTest(climbing)).toMatchObject({ suggested: null, climbed: true });
    const flat = sweep.map((point) => ({ ...point, loss: 1 }));
    for (let seed = 0; seed < 20; seed++) expect(readRangeTest(noisy(flat, seed)).suggested).toBeNull();
    expect(readRangeTest([])).toMatchObject({ suggested: null, climbed: false, steps: 0 });
  });
});

describe('a learning-rate range test', () => {
  it('leaves the weights as they were, and ends where the loss blows up', async () => {
    const job = smallJob(sweeping());
    const { weights, findings, points, epochs } = await train(job);
    expect(hash(weights!)).toBe(hash(initialWeights(job.network, job.seed)));
    expect(epochs).toEqual([]);
    const [finding] = findings;
    expect(finding!.stage).toBe(1);
    expect(finding!.steps).toBeLessThan(104);
    const rates = points.filter(({ name }) => name === 'learning_rate').map(({ value }) => value);
    expect(rates).toHaveLength(finding!.steps);
    expect(points.at(-1)).toMatchObject({ name: 'suggested_learning_rate', value: finding!.suggested });
    expect(rates[0]).toBeCloseTo(1e-5, 12);
    // 104 steps from 1e-5 to 100: the same factor each time.
    expect(rates[1]! / rates[0]!).toBeCloseTo(1e7 ** (1 / 103), 6);
  });

  it('proposes a rate that trains better than a tenth of it or fifty times it', async () => {
    const { findings } = await train(smallJob(sweeping()));
    const { suggested } = findings[0]!;
    const lossAt = async (learningRate: number) => {
      const { epochs } = await train(
        smallJob({ ...sweeping(), stages: [{ epochs: 10, optimizer: { type: 'sgd', learningRate } }] }),
      ).catch(() => ({ epochs: [] }));
      return epochs.at(-1)?.metrics.val_loss ?? Number.POSITIVE_INFINITY;
    };
    const proposed = await lossAt(suggested!);
    expect(proposed).toBeLessThan(await lossAt(suggested! / 10));
    expect(proposed).toBeLessThan(await lossAt(suggested! * 50));
  });

  it('goes on below a loss of zero, which a likelihood may have', async () => {
    const loss = { type: 'gaussianNll' };
    const stage = {
      ...sweeping().stages[0],
      objective: { type: 'supervised', loss },
      optimizer: { type: 'adam' },
    };
    const { findings } = await train(smallJob({ ...sweeping(), distribution: 'gaussian', stages: [stage] }));
    const [{ suggested, curve }] = findings as [(typeof findings)[0]];
    const least = curve.reduce((a, b) => (b.smoothedLoss < a.smoothedLoss ? b : a));
    expect(curve.indexOf(least)).toBeLessThan(curve.length - 1);
    expect(suggested).toBeGreaterThan(1e-4);
  });

  it('begins anew where it was stopped in the middle', async () => {
    const job = smallJob(sweeping());
    const whole = await train(job);
    const resume = (await train(smallJob({ ...sweeping(), stages: [{ epochs: 1 }, ...sweeping().stages] })))
      .checkpoints[0]!;
    const start = {
      ...resume,
      position: { stage: 1, epoch: 1, step: 0 },
      weights: initialWeights(job.network, job.seed),
    };
    expect((await train(job, { resume: start })).findings).toEqual(whole.findings);
  });

  it('has as many steps as it is asked for, over as many epochs as that takes', async () => {
    const { findings, points } = await train(
      smallJob(sweeping({ steps: 40, maxLearningRate: 0.1, stopFactor: 100 })),
    );
    expect(findings[0]!.steps).toBe(40);
    expect(points.at(-1)).toMatchObject({ epoch: 4, step: 40 });
    expect(findings[0]!.curve.at(-1)!.learningRate).toBeCloseTo(0.1, 10);
  });

  it('is followed by stages that train, begins anew when it is resumed, and leaks no tensor', async () => {
    const spec = { ...sweeping(), stages: [...sweeping().stages, { epochs: 2 }] };
    const whole = await train(smallJob(spec));
    const tensors = memory().numTensors;
    const { weights, findings } = await train(smallJob(spec), { resume: whole.checkpoints[0]! });
    expect(memory().numTensors).toBe(tensors);
    expect(whole.checkpoints[0]!.position).toEqual({ stage: 2, epoch: 1, step: 0 });
    expect(findings).toEqual([]);
    expect(hash(weights!)).toBe(hash(whole.weights!));
    const stopped = await train(smallJob({ ...spec, stages: [{ epochs: 1 }, ...sweeping().stages] }), {
      stopAfterStep: 0,
    });
    expect(stopped.weights).toBeNull();
    expect(stopped.checkpoints.at(-1)!.position).toEqual({ stage: 2, epoch: 1, step: 0 });
  });
});
