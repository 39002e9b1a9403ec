import { memory } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { startBackend } from '../../../src/engine/backends/start.ts';
import {
  evaluateLabels,
  evaluateModel,
  evaluateMonteCarlo,
} from '../../../src/engine/predict/evaluate-model.ts';
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
