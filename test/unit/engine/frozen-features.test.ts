import { setTimeout as sleep } from 'node:timers/promises';
import { ones, profile, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { createGather } from '../../../src/data/batches.ts';
import { startBackend } from '../../../src/engine/backends/start.ts';
import { outputsBelow } from '../../../src/engine/model/network.ts';
import { noRandom } from '../../../src/engine/model/random-source.ts';
import { cachedLayers } from '../../../src/engine/train/frozen-features.ts';
import type { TrainJob } from '../../../src/engine/train/train-job.ts';
import type { NamedArrays } from '../../../src/safetensors.ts';
import { examples, hash, type SmallJob, smallJob, train } from './small-job.ts';

beforeAll(() => startBackend('wasm'));

const FROZEN = { layers: ['top', 'output'] };
const LAYERS = [
  { type: 'dense', name: 'low', units: 6, activation: 'relu', l2: 0.01 },
  { type: 'batchNorm', name: 'norm' },
  { type: 'dense', name: 'middle', units: 5, activation: 'tanh', l2: 0.01 },
  { type: 'dropout', name: 'drop', rate: 0.3 },
  { type: 'dense', name: 'top', units: 4, activation: 'relu' },
];

function job(stage: object, change: Partial<SmallJob> = {}): TrainJob {
  const stages = [
    { epochs: 1, batchSize: 16 },
    { epochs: 4, batchSize: 16, trainable: FROZEN, ...stage },
  ];
  return smallJob({ layers: LAYERS, stages, checkpointEvery: 3, ...change });
}

const only = (weights: NamedArrays, ...layers: string[]) =>
  Object.fromEntries(Object.entries(weights).filter(([name]) => layers.includes(name.split('/')[0]!)));

describe('the features of a frozen base', () => {
  it('are those below the first dropout', () => {
    const { stages, ...rest } = job({});
    expect(cachedLayers({ stages, ...rest }, stages[1]!)).toBe(3);
    expect(cachedLayers({ stages, ...rest }, stages[0]!)).toBe(0);
  });

  it.each([
    ['where the stage says no', job({ cacheFeatures: false })],
    ['where the input itself is asked for', job({ objective: { type: 'autoencoder' } })],
    ['where the examples are corrupted', job({ objective: { type: 'denoising' } })],
    ['where the lowest layer moves', job({ trainable: { layers: ['low', 'output'] } })],
    ['where nothing but a dropout stands below', job({}, { layers: [LAYERS[3], LAYERS[4]] })],
    [
      'where the lowest draws its slopes',
      job({}, { layers: [{ ...LAYERS[0], activation: 'rrelu' }, LAYERS[4]] }),
    ],
    [
      'where a range test sees but a few examples',
      job({
        schedule: { type: 'lrFinder', minLearningRate: 1e-5, maxLearningRate: 1, steps: 10 },
        batchSize: 4,
      }),
    ],
    ['where the examples change', { ...job({}), data: { ...job({}).data, augmented: true } }],
  ])('are none %s', (_, job) => {
    expect(cachedLayers(job, job.stages[1]!)).toBe(0);
  });

  it('give what computing them at every step gives', async () => {
    const [cached, computed] = await Promise.all([train(job({})), train(job({ cacheFeatures: false }))]);
    for (const [i, { metrics }] of computed.epochs.entries()) {
      for (const [name, value] of Object.entries(metrics))
        expect(cached.epochs[i]!.metrics[name]).toBeCloseTo(value, 5);
    }
    for (const [name, { data }] of Object.entries(computed.weights!)) {
      const found = cached.weights![name]!.data;
      for (const [i, value] of data.entries()) expect(found[i]).toBeCloseTo(value, 5);
    }
  });

  it('leave the base bit-identical through a whole stage, its batch norm too', async () => {
    for (const cacheFeatures of [true, false]) {
      const { checkpoints, weights } = await train(job({ cacheFeatures }));
      const before = checkpoints.find(({ position }) => position.stage === 2 && position.step === 0)!;
      const base = ['low', 'norm', 'middle'];
      expect(Object.keys(only(weights!, ...base))).toHaveLength(8);
      expect(hash(only(weights!, ...base))).toBe(hash(only(before.weights, ...base)));
      expect(hash(only(weights!, 'top'))).not.toBe(hash(only(before.weights, 'top')));
    }
  });

  it('are computed again for a run that resumes in the middle of the stage', async () => {
    const whole = await train(job({}));
    for (const checkpoint of whole.checkpoints) {
      const resumed = await train(job({}), { resume: checkpoint });
      expect(hash(resumed.weights!)).toBe(hash(whole.weights!));
    }
  });

  it('are no part of the pace that the steps after them are expected to have', async () => {
    const onProgress = async ({ detail }: { detail: string }) => {
      if (detail.includes('computes features')) await sleep(2_000);
    };
    const stages = [{ epochs: 4, batchSize: 16, trainable: FROZEN }];
    const { epochs } = await train(smallJob({ layers: LAYERS, stages }), { onProgress });
    // Of four epochs three were left, each of which would have taken two seconds more.
    expect(epochs[0]!.etaSeconds).toBeLessThan(4);
  });

  it('leave early stopping its best weights, the base’s among them', async () => {
    const earlyStopping = { patience: 2, restoreBest: true };
    const of = (cacheFeatures: boolean) => train(job({ cacheFeatures, earlyStopping, epochs: 6 }));
    const [cached, computed] = [await of(true), await of(false)];
    expect(Object.keys(cached.weights!).sort()).toEqual(Object.keys(computed.weights!).sort());
    for (const [name, { data }] of Object.entries(computed.weights!)) {
      const found = cached.weights![name]!.data;
      for (const [i, value] of data.entries()) expect(found[i]).toBeCloseTo(value, 4);
    }
  });

  it('are those of windows that overlap, looked up by an embedding', async () => {
    const ids = Float32Array.from({ length: 60 }, (_, i) => (i * 7) % 11);
    const windows = (count: number, first: number) => ({
      count,
      width: 5,
      units: 1,
      x: ids,
      offsets: Uint32Array.from({ length: count }, (_, i) => first + i),
      y: Float32Array.from({ length: count }, (_, i) => Math.sin(i)),
    });
    const of = (cacheFeatures: boolean) => {
      const layers = [
        { type: 'embedding', name: 'low', inputDim: 11, outputDim: 3 },
        { type: 'flatten', name: 'flat' },
        { type: 'dense', name: 'top', units: 4 },
      ];
      const small = job({ cacheFeatures }, { layers, train: windows(40, 0), validation: windows(10, 40) });
      return { ...small, data: { ...small.data, gather: createGather() } };
    };
    expect(cachedLayers(of(true), of(true).stages[1]!)).toBe(2);
    const [cached, computed] = [await train(of(true)), await train(of(false))];
    expect(hash(cached.weights!)).toBe(hash(computed.weights!));
  });

  it('are of pairs, too', async () => {
    const labelled = (count: number, seed: number) => ({
      ...examples(count, 3, seed),
      y: Float32Array.from({ length: count }, (_, i) => i % 3),
    });
    const of = (cacheFeatures: boolean) => {
      const objective = { type: 'pairs' };
      const stages = [1, 3].map((epochs, i) => ({
        objective,
        epochs,
        cacheFeatures,
        ...(i === 1 && { trainable: FROZEN }),
      }));
      const splits = { train: labelled(50, 7), validation: labelled(20, 8) };
      return smallJob({ layers: LAYERS, stages, task: 'pairs', outputUnits: 1, ...splits });
    };
    expect(cachedLayers(of(true), of(true).stages[1]!)).toBe(3);
    const [cached, computed] = [await train(of(true)), await train(of(false))];
    for (const [name, value] of Object.entries(computed.epochs.at(-1)!.metrics))
      expect(cached.epochs.at(-1)!.metrics[name]).toBeCloseTo(value, 4);
  });

  it('are what a graph’s narrow place has', async () => {
    const layers = [
      { type: 'dense', name: 'a', units: 4 },
      { type: 'dense', name: 'b', units: 4, activation: 'relu' },
      { type: 'add', name: 'sum', inputs: ['a', 'b'] },
      { type: 'dense', name: 'c', units: 4, activation: 'relu' },
      { type: 'add', name: 'top', inputs: ['sum', 'c'] },
    ];
    const of = (names: string[], cacheFeatures = true) =>
      job({ trainable: { layers: names }, cacheFeatures }, { layers });
    const wide = of(['c', 'output']);
    expect(cachedLayers(wide, wide.stages[1]!)).toBe(3);
    const none = of(['b', 'output']);
    expect(cachedLayers(none, none.stages[1]!)).toBe(1);
    const [cached, computed] = [await train(wide), await train(of(['c', 'output'], false))];
    const [last, other] = [cached.epochs.at(-1)!, computed.epochs.at(-1)!];
    expect(last.metrics.val_loss).toBeCloseTo(other.metrics.val_loss!, 6);
  });
});

describe('reused weights', () => {
  it('are what training begins with, and the others begin at random', async () => {
    const parent = await train(smallJob({ layers: LAYERS, stages: [{ epochs: 1 }] }));
    const reused = only(parent.weights!, 'low', 'norm', 'middle');
    const child = { ...job({}, { checkpointEvery: 1 }), reused };
    const { checkpoints } = await train(
      { ...child, stages: [{ ...child.stages[1]!, trainable: FROZEN }] },
      {},
    );
    const [first] = checkpoints;
    expect(hash(only(first!.weights, 'low', 'norm', 'middle'))).toBe(hash(reused));
  });
});

describe('a scaled learning rate', () => {
  it('is the schedule’s, multiplied', async () => {
    const schedule = { type: 'oneCycle', maxLearningRate: 0.1 };
    const rates = async (stage: object) => {
      const { points } = await train(smallJob({ layers: [], stages: [{ epochs: 3, schedule, ...stage }] }));
      return points.filter(({ name }) => name === 'learning_rate').map(({ value }) => value);
    };
    const [plain, scaled] = [await rates({}), await rates({ learningRateScale: 0.1 })];
    expect(scaled).toEqual(plain.map((rate) => rate * 0.1));
    expect(plain.length).toBeGreaterThan(2);
  });

  it('moves weights of plain SGD by as much less', async () => {
    const of = (stage: object) =>
      smallJob({
        layers: [],
        train: examples(16, 3, 7),
        stages: [{ epochs: 1, batchSize: 16, optimizer: { type: 'sgd', learningRate: 0.1 }, ...stage }],
      });
    const start = await train(of({ optimizer: { type: 'sgd', learningRate: 1e-30 } }));
    const moved = async (stage: object) => {
      const { weights } = await train(of(stage));
      const before = start.weights!['output/kernel']!.data;
      return weights!['output/kernel']!.data.map((value, i) => value - before[i]!);
    };
    const [whole, half] = [await moved({}), await moved({ learningRateScale: 0.5 })];
    for (const [i, change] of whole.entries()) expect(half[i]).toBeCloseTo(change / 2, 6);
  });
});

describe('layers that no gradient is asked of', () => {
  /** The most bytes that a stack of so many layers has in memory at once. */
  async function peakOf(count: number): Promise<number> {
    const layers = Array.from({ length: count }, () => ({ type: 'activation', activation: 'tanh' }));
    const { network } = smallJob({ layers, stages: [{ epochs: 1 }] });
    const options = { mode: 'train', random: noRandom, to: count } as const;
    const stack = () => void outputsBelow(network, {}, ones([1_000, 3]), options);
    const { peakBytes } = await profile(() => tidy(stack));
    return peakBytes;
  }

  it('keep nothing but what a layer still takes', async () => {
    expect(await peakOf(20)).toBe(await peakOf(3));
  });
});
