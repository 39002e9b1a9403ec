import { memory } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { startBackend } from '../../../src/engine/backends/start.ts';
import { DivergedError } from '../../../src/engine/train/diverged.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../../src/engine/train/train-state.ts';
import { examples, hash, nothingTold, smallJob, train } from './small-job.ts';

beforeAll(() => startBackend('wasm'));

const everything = {
  layers: [
    { type: 'batchNorm' },
    { type: 'dense', units: 16, activation: 'selu', l2: 0.001, maxNorm: 1 },
    { type: 'alphaDropout', rate: 0.1 },
    { type: 'dense', units: 8, activation: 'relu' },
    { type: 'dropout', rate: 0.2 },
    { type: 'gaussianNoise', std: 0.1 },
  ],
  stages: [
    {
      epochs: 10,
      batchSize: 16,
      optimizer: { type: 'nadam', learningRate: 0.01, clip: { globalNorm: 1 } },
      schedule: { type: 'performance', patience: 2 },
      earlyStopping: { patience: 8 },
    },
    {
      epochs: 3,
      batchSize: 16,
      trainable: { layers: ['dense_2', 'output'] },
      optimizer: { type: 'nesterov', learningRate: 0.01, momentum: 0.9 },
      schedule: { type: 'oneCycle', maxLearningRate: 0.05 },
    },
  ],
};

describe('training', () => {
  it('learns a nonlinear function', async () => {
    const job = smallJob({
      train: examples(400, 3, 7),
      validation: examples(100, 3, 8),
      layers: [{ type: 'dense', units: 32, activation: 'tanh' }],
      stages: [{ epochs: 60, optimizer: { type: 'adam', learningRate: 0.01 } }],
    });
    const { epochs } = await train(job);
    expect(epochs).toHaveLength(60);
    expect(epochs.at(-1)!.metrics.val_r2).toBeGreaterThan(0.95);
    expect(epochs.at(-1)!.metrics.val_loss).toBeLessThan(epochs[0]!.metrics.val_loss! / 4);
    expect(epochs.at(-1)!.progress).toBe(1);
  });

  it('gives the same weights for the same seed, and others for another', async () => {
    const [a, b, c] = [
      await train(smallJob(everything)),
      await train(smallJob(everything)),
      await train(smallJob({ ...everything, seed: 2 })),
    ];
    expect(hash(a.weights!)).toBe(hash(b.weights!));
    expect(hash(a.weights!)).not.toBe(hash(c.weights!));
  });

  it('resumes bit for bit from every checkpoint, in the middle of epochs and stages', async () => {
    const straight = await train(smallJob({ ...everything, checkpointEvery: 3 }));
    expect(straight.checkpoints.length).toBeGreaterThan(10);
    for (const checkpoint of straight.checkpoints) {
      const resumed = await train(smallJob(everything), {
        resume: decodeCheckpoint(encodeCheckpoint(checkpoint)),
      });
      expect(hash(resumed.weights!)).toBe(hash(straight.weights!));
      const { stage, step } = checkpoint.position;
      const later = straight.points.filter((p) => p.stage > stage || (p.stage === stage && p.step > step));
      const epochBoundary = resumed.points.filter((p) => p.stage > stage || p.step > step);
      expect(epochBoundary).toEqual(later);
    }
  });

  it('stops when asked to, with a checkpoint that goes on to the same weights', async () => {
    const straight = await train(smallJob(everything));
    const stopped = await train(smallJob({ ...everything, checkpointEvery: 5 }), { stopAfterStep: 10 });
    expect(stopped.weights).toBeNull();
    const resumed = await train(smallJob(everything), { resume: stopped.checkpoints.at(-1)! });
    expect(hash(resumed.weights!)).toBe(hash(straight.weights!));
  });

  it('leaves frozen weights and a frozen batch norm bit-identical', async () => {
    const first = { ...everything.stages[0], epochs: 1, earlyStopping: undefined };
    const { checkpoints, weights } = await train(
      smallJob({ ...everything, stages: [first, everything.stages[1]] }),
    );
    const before = checkpoints.find(({ position }) => position.stage === 2)!.weights;
    const changed = Object.keys(before).filter(
      (name) => !Buffer.from(before[name]!.data.buffer).equals(Buffer.from(weights![name]!.data.buffer)),
    );
    expect(changed.sort()).toEqual(['dense_2/bias', 'dense_2/kernel', 'output/bias', 'output/kernel']);
  });

  it('writes a checkpoint once so many seconds have passed since the last', async () => {
    const seconds = async (seconds: number) => {
      const checkpointsEvery = { seconds, steps: Number.POSITIVE_INFINITY };
      const { checkpoints } = await train({ ...smallJob(everything), checkpointsEvery });
      return checkpoints.map(({ position }) => `${position.stage}/${position.step}`);
    };
    const whereStagesBegin = await seconds(60);
    const always = await seconds(0);
    expect(whereStagesBegin).toEqual(['2/0']);
    expect(always.slice(0, 3)).toEqual(['1/1', '1/2', '1/3']);
    expect(always).toContain('2/1');
  });

  it('keeps max-norm after every step', async () => {
    const { checkpoints } = await train(smallJob({ ...everything, checkpointEvery: 1 }));
    for (const { weights } of checkpoints) {
      const { shape, data } = weights['dense_1/kernel']!;
      for (let unit = 0; unit < shape[1]!; unit++) {
        const squares = Array.from({ length: shape[0]! }, (_, i) => data[i * shape[1]! + unit]! ** 2);
        expect(Math.sqrt(squares.reduce((a, b) => a + b))).toBeLessThanOrEqual(1 + 1e-6);
      }
    }
  });

  it('restores the best weights when it stops early', async () => {
    const job = smallJob({
      layers: [{ type: 'dense', units: 64, activation: 'relu' }],
      stages: [
        { epochs: 200, optimizer: { type: 'adam', learningRate: 0.05 }, earlyStopping: { patience: 4 } },
      ],
      checkpointEvery: 2,
    });
    const { epochs, weights, checkpoints, stoppings } = await train(job);
    expect(epochs.length).toBeLessThan(200);
    const best = epochs.reduce((a, b) => (b.metrics.val_loss! < a.metrics.val_loss! ? b : a));
    expect(epochs.length - best.position.epoch).toBe(4);
    const atBest = checkpoints.find(({ position }) => position.step === best.position.step)!;
    expect(hash(weights!)).toBe(hash(atBest.weights));
    const [epoch, bestEpoch] = [epochs.length, best.position.epoch];
    const told = {
      stage: 1,
      epoch,
      bestEpoch,
      monitor: 'val_loss',
      best: best.metrics.val_loss,
      restored: true,
    };
    expect(stoppings).toEqual([told]);
  });

  it('says where training diverged, and keeps the last finite state', async () => {
    const layers = [{ type: 'dense', name: 'hidden', units: 8, activation: 'relu' }];
    const job = smallJob({
      layers,
      stages: [{ epochs: 50, optimizer: { type: 'sgd', learningRate: 1e12 } }],
    });
    const told = nothingTold();
    const failure = await train(job, { told }).catch((error) => error);
    expect(failure).toBeInstanceOf(DivergedError);
    expect(failure.stage).toBe(1);
    expect(failure.step).toBeGreaterThan(1);
    expect(['hidden', 'output']).toContain(failure.layer);
    const [kept] = told.checkpoints;
    expect(kept!.position.step).toBe(failure.step - 1);
    expect(Object.values(kept!.weights).every(({ data }) => data.every(Number.isFinite))).toBe(true);
  });

  it('names the layer that put out the first non-finite number', async () => {
    const data = examples(16, 3, 1);
    data.x[5] = Number.NaN;
    const layers = [
      { type: 'dense', name: 'low', units: 4 },
      { type: 'dense', name: 'high', units: 4 },
    ];
    const job = smallJob({ train: data, layers, stages: [{ epochs: 1, batchSize: 16 }] });
    const failure = await train(job).catch((error) => error);
    expect(failure).toMatchObject({ stage: 1, step: 1, layer: 'low' });
  });

  it('leaks no tensor', async () => {
    await train(smallJob(everything));
    const before = memory().numTensors;
    await train(smallJob({ ...everything, checkpointEvery: 2 }));
    await train(
      smallJob({ layers: [], stages: [{ epochs: 3, optimizer: { type: 'sgd', learningRate: 1e30 } }] }),
    ).catch(() => {});
    expect(memory().numTensors).toBe(before);
  });
});
