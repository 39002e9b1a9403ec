import { memory } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it, test } from 'vitest';
import { startBackend } from '../../../src/engine/backends/start.ts';
import {
  evaluateLabels,
  evaluateModel,
  evaluateMonteCarlo,
} from '../../../src/engine/predict/evaluate-model.ts';
import type { Batch, Examples } from '../../../src/engine/train/batch.ts';
import { measuredBatches } from '../../../src/engine/train/batches.ts';
import { drawPartners, groupExamples } from '../../../src/engine/train/objectives/draw-partners.ts';
import { columnCells, defaultPatch, patches } from '../../../src/engine/train/objectives/hidden-parts.ts';
import { createObjective } from '../../../src/engine/train/objectives/index.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../../src/engine/train/train-state.ts';
import { fillNormal, type Key, key, normal } from '../../../src/random.ts';
import type { PretrainingTask } from '../../../src/spec/data.ts';
import { ObjectiveSpec, pretrainingTask } from '../../../src/spec/objective.ts';
import { McDropoutSpec } from '../../../src/spec/prediction.ts';
import type { InputEncoding } from '../../../src/spec/preprocess.ts';
import { hash, type SmallJob, smallJob, train } from './small-job.ts';

beforeAll(() => startBackend('wasm'));

const numbers = (count: number): InputEncoding[] =>
  Array.from({ length: count }, (_, i) => ({ type: 'number', name: `x${i}`, mean: 0, std: 1 }));
const picture = (...shape: number[]): InputEncoding[] => [
  { type: 'tensor', name: 'image', shape, scale: 1, mean: [0], std: [1] },
];

/** Examples of 1, 2, 3, … */
function counting(count: number, width: number): Examples {
  const x = Float32Array.from({ length: count * width }, (_, i) => i + 1);
  return { count, width, units: 0, x, y: new Float32Array() };
}

/** The batch that an objective makes of all of these examples. */
function made(
  spec: object,
  inputs: InputEncoding[],
  inputShape: number[],
  source: Examples,
  stream?: Key,
): Batch {
  const objective = createObjective(ObjectiveSpec.parse(spec), 'reconstruction', { inputs, inputShape });
  return objective.makeBatch(source, {
    source,
    rows: Uint32Array.from({ length: source.count }, (_, i) => i),
    stream: stream ?? key(1),
    gather: (rows) => ({
      count: rows.length,
      x: Float32Array.from(
        [...rows].flatMap((row) => [...source.x.subarray(row * source.width, (row + 1) * source.width)]),
      ),
      y: new Float32Array(),
    }),
  });
}

describe('a batch', () => {
  it('of an autoencoder is its own target', () => {
    const source = counting(3, 4);
    const { x, y, asked } = made({ type: 'autoencoder' }, numbers(4), [4], source);
    expect([x, y, asked]).toEqual([source.x, source.x, undefined]);
  });

  it('loses numbers to a mask, each with its probability, and is asked for all of them', () => {
    const source = counting(1_000, 8);
    const before = source.x.slice();
    const { x, y, asked } = made({ type: 'denoising', amount: 0.3 }, numbers(8), [8], source);
    expect(y).toEqual(before);
    expect(source.x).toEqual(before);
    expect(asked).toBeUndefined();
    const lost = x.filter((value) => value === 0).length;
    expect(x.every((value, i) => value === 0 || value === before[i])).toBe(true);
    // Five standard deviations of a binomial's share.
    expect(Math.abs(lost / 8_000 - 0.3)).toBeLessThan(5 * Math.sqrt((0.3 * 0.7) / 8_000));
  });

  it('gets Gaussian noise of its stream', () => {
    const source = counting(5, 2);
    const stream = key(7);
    const spec = { type: 'denoising', noise: 'gaussian', amount: 0.5 };
    const { x, y } = made(spec, numbers(2), [2], source, stream);
    expect(x).toEqual(source.x.map((value, i) => value + 0.5 * normal(stream, i)));
    expect(y).toEqual(source.x);
    expect(made(spec, numbers(2), [2], source, key(8)).x).not.toEqual(x);
  });

  it('hides as many columns of each example, a category as a whole, and asks for nothing else', () => {
    const inputs: InputEncoding[] = [
      ...numbers(2),
      { type: 'category', name: 'kind', classes: ['a', 'b', 'c'], missingClass: false },
      { type: 'boolean', name: 'new' },
    ];
    fc.assert(
      fc.property(fc.nat(), fc.double({ min: 0.01, max: 0.99, noNaN: true }), (seed, share) => {
        const source = counting(20, 6);
        const { x, y, asked } = made({ type: 'masked', share }, inputs, [6], source, key(seed));
        expect(y).toEqual(source.x);
        for (let example = 0; example < 20; example++) {
          const hidden = [...asked!.subarray(example * 6, (example + 1) * 6)];
          const columns = [hidden[0]!, hidden[1]!, hidden[2]!, hidden[5]!];
          expect(new Set(hidden.slice(2, 5)).size).toBe(1);
          expect(columns.reduce((sum, each) => sum + each)).toBe(
            Math.min(3, Math.max(1, Math.round(share * 4))),
          );
        }
        expect(x).toEqual(source.x.map((value, i) => (asked![i] === 1 ? 0 : value)));
      }),
      { numRuns: 30 },
    );
  });

  it('hides each column as often as any other', () => {
    const { asked } = made({ type: 'masked', share: 0.5 }, numbers(4), [4], counting(4_000, 4));
    const counts = [0, 1, 2, 3].map(
      (column) => asked!.filter((each, i) => i % 4 === column && each === 1).length,
    );
    for (const count of counts) expect(Math.abs(count - 2_000)).toBeLessThan(5 * Math.sqrt(4_000 / 4));
  });

  it('hides patches of a picture with all of their channels', () => {
    const spec = { type: 'masked', share: 0.25, patch: 2 };
    const { x, asked } = made(spec, picture(4, 4, 2), [4, 4, 2], counting(10, 32));
    for (let example = 0; example < 10; example++) {
      const hidden = [...asked!.subarray(example * 32, (example + 1) * 32).entries()].filter(
        ([, each]) => each === 1,
      );
      const corners = hidden.map(([i]) => `${Math.floor(i / 16)},${Math.floor((i % 8) / 4)}`);
      expect(hidden).toHaveLength(8);
      expect(new Set(corners).size).toBe(1);
    }
    expect(x.filter((value) => value === 0)).toHaveLength(80);
  });

  it('is turned, and told by how much', () => {
    const source = counting(200, 4);
    const { x, y } = made({ type: 'rotation' }, picture(2, 2, 1), [2, 2, 1], source);
    // Of [[a, b], [c, d]], counterclockwise.
    const TURNED = [
      [0, 1, 2, 3],
      [1, 3, 0, 2],
      [3, 2, 1, 0],
      [2, 0, 3, 1],
    ];
    const seen = new Set<number>();
    for (let example = 0; example < 200; example++) {
      const oneHot = [...y.subarray(example * 4, (example + 1) * 4)];
      const quarters = oneHot.indexOf(1);
      seen.add(quarters);
      expect(oneHot.reduce((sum, each) => sum + each)).toBe(1);
      expect([...x.subarray(example * 4, (example + 1) * 4)]).toEqual(
        TURNED[quarters]!.map((from) => example * 4 + from + 1),
      );
    }
    expect(seen.size).toBe(4);
  });

  it('of pairs has its partners below, half of them of the same group', () => {
    const y = Float32Array.from({ length: 40 }, (_, i) => i % 4);
    const source = { ...counting(40, 1), units: 1, y };
    const batch = made({ type: 'pairs' }, numbers(1), [1], source);
    expect([batch.count, batch.x.length, batch.y.length]).toEqual([40, 80, 40]);
    const groupOf = (value: number) => y[value - 1];
    for (let i = 0; i < 40; i++) {
      const [one, other] = [batch.x[i]!, batch.x[40 + i]!];
      expect(one).toBe(i + 1);
      expect(other).not.toBe(one);
      expect(Number(groupOf(one) === groupOf(other))).toBe(batch.y[i]);
    }
    expect(batch.y.reduce((sum, each) => sum + each)).toBe(20);
  });
});

describe('hidden parts', () => {
  test.each([
    [[28, 28, 1], 2],
    [[224, 224, 3], 16],
    [[8, 8, 1], 1],
    [[96, 64, 3], 4],
    [[29, 58], 1],
  ])('of a picture of %j are patches of %d', (shape, patch) => {
    expect(defaultPatch(shape)).toBe(patch);
  });

  it('of a window are the columns of each row', () => {
    const inputs: InputEncoding[] = [
      ...numbers(1),
      { type: 'category', name: 'kind', classes: ['a', 'b'], missingClass: false },
    ];
    expect(columnCells(inputs, [2, 3])).toEqual([[0], [1, 2], [3], [4, 5]]);
  });

  it('cover every number once', () => {
    const all = (parts: readonly (readonly number[])[]) => parts.flat().sort((a, b) => a - b);
    const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);
    expect(all(patches([6, 4, 3], 2))).toEqual(upTo(72));
    expect(all(columnCells(picture(5), [5]))).toEqual(upTo(5));
  });
});

describe('partners', () => {
  const drawn = (groups: number[], seed = 1, rows = [...groups.keys()]) => {
    const found = groupExamples({ y: Float32Array.from(groups), count: groups.length });
    return drawPartners(found, Uint32Array.from(rows), key(seed));
  };

  it('are of the group that is said, and never the example itself', () => {
    const groups = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 2, maxLength: 30 });
    fc.assert(
      fc.property(groups, fc.nat(), (given, seed) => {
        const { partners, same } = drawn(given, seed);
        for (const [i, partner] of partners.entries()) {
          expect(partner).not.toBe(i);
          expect(same[i]).toBe(Number(given[partner] === given[i]));
        }
      }),
    );
  });

  it('are each as likely as any other', () => {
    const groups = [0, 1, 0, 2, 0, 1, 0];
    const rows = new Array(20_000).fill(2);
    const { partners, same } = drawn(groups, 3, rows);
    const counts = groups.map((_, row) => partners.filter((partner) => partner === row).length);
    expect(same.reduce((sum, each) => sum + each)).toBe(10_000);
    for (const row of [0, 4, 6, 1, 3, 5])
      expect(Math.abs(counts[row]! - 10_000 / 3)).toBeLessThan(5 * Math.sqrt(10_000 * (1 / 3) * (2 / 3)));
  });

  it('are others for one that is alone in its group, and the same where there is one group', () => {
    const alone = drawn([0, 1, 1, 1], 2, new Array(20).fill(0));
    expect([...alone.same]).toEqual(new Array(20).fill(0));
    expect([...drawn([5, 5, 5]).same]).toEqual([1, 1, 1]);
    expect(drawn([5])).toEqual({ partners: Uint32Array.of(0), same: Float32Array.of(1) });
  });

  it('leave the odd one out to a coin', () => {
    const sames = Array.from({ length: 200 }, (_, seed) => drawn([0, 0, 1, 1], seed, [0]).same[0]!);
    const sum = sames.reduce((total, each) => total + each);
    expect(sum).toBeGreaterThan(60);
    expect(sum).toBeLessThan(140);
  });
});

/** Pictures of 4 × 4 with a bright upper left, in two groups, and what each objective makes the network say. */
function pictures(count: number, seed: number): Examples {
  const stream = key(seed, 'pictures');
  const x = fillNormal(new Float32Array(count * 16), stream).map((value, i) => {
    const [row, column, example] = [Math.floor((i % 16) / 4), i % 4, Math.floor(i / 16)];
    return 0.3 * value + (row < 2 && column < 2 ? 2 : 0) + (example % 2 === 0 ? column / 2 : row / 2);
  });
  return { count, width: 16, units: 1, x, y: Float32Array.from({ length: count }, (_, i) => i % 2) };
}
const UNITS: Record<PretrainingTask, number> = { reconstruction: 16, rotation: 4, pairs: 1, gan: 1 };

function pretraining(objective: object, change: Partial<SmallJob> = {}): SmallJob {
  const task = pretrainingTask(ObjectiveSpec.parse(objective))!;
  const early = { earlyStopping: { patience: 3 } };
  const optimizer = { type: 'adam', learningRate: 0.01 };
  return {
    task,
    outputUnits: UNITS[task],
    inputs: picture(4, 4, 1),
    inputShape: [4, 4, 1],
    train: pictures(61, 1),
    validation: pictures(30, 2),
    layers: [
      { type: 'flatten' },
      { type: 'dense', name: 'low', units: 10, activation: 'tanh' },
      { type: 'batchNorm' },
      { type: 'dropout', rate: 0.1 },
      { type: 'dense', name: 'high', units: 6, activation: 'tanh' },
    ],
    stages: [
      { objective, epochs: 4, batchSize: 16, optimizer, ...early },
      { objective, epochs: 2, batchSize: 16, optimizer, trainable: { layers: ['high', 'output'] } },
    ],
    ...change,
  };
}

const OBJECTIVES = [
  { type: 'autoencoder' },
  { type: 'autoencoder', loss: { type: 'huber' } },
  { type: 'denoising' },
  { type: 'denoising', noise: 'gaussian', amount: 0.5 },
  { type: 'masked', patch: 2 },
  { type: 'rotation' },
  { type: 'pairs' },
];

describe.each(OBJECTIVES)('training by $type', (objective) => {
  it('goes on bit for bit from every checkpoint, and leaves frozen layers alone', async () => {
    const straight = await train(smallJob(pretraining(objective, { checkpointEvery: 3 })));
    expect(straight.checkpoints.some(({ position }) => position.step % 4 !== 0)).toBe(true);
    for (const checkpoint of straight.checkpoints) {
      const resumed = await train(smallJob(pretraining(objective)), {
        resume: decodeCheckpoint(encodeCheckpoint(checkpoint)),
      });
      expect(hash(resumed.weights!)).toBe(hash(straight.weights!));
      const { stage, step } = checkpoint.position;
      const isLater = (at: { stage: number; step: number }) =>
        at.stage > stage || (at.stage === stage && at.step > step);
      expect(resumed.points.filter(isLater)).toEqual(straight.points.filter(isLater));
    }
    const before = straight.checkpoints.find(({ position }) => position.stage === 2)!.weights;
    const moved = Object.keys(before).filter((name) =>
      before[name]!.data.some((v, i) => v !== straight.weights![name]!.data[i]),
    );
    expect(moved.sort()).toEqual(['high/bias', 'high/kernel', 'output/bias', 'output/kernel']);
  });

  it('learns, and measures the same of the same weights', async () => {
    const stages = [
      { objective, epochs: 60, batchSize: 16, optimizer: { type: 'adam', learningRate: 0.01 } },
    ];
    const job = smallJob(pretraining(objective, { stages, train: pictures(200, 3) }));
    const { epochs, weights } = await train(job);
    const [first, last] = [epochs[0]!.metrics, epochs.at(-1)!.metrics];
    expect(last.val_loss!).toBeLessThan(0.75 * first.val_loss!);
    const measured = await evaluateModel(job, weights!, job.data.validation);
    const renamed = Object.fromEntries(
      Object.entries(measured).map(([name, value]) => [`val_${name}`, value]),
    );
    expect(last).toMatchObject(renamed);
  });

  it('tries learning rates', async () => {
    const stages = [{ objective, epochs: 20, batchSize: 16, schedule: { type: 'lrFinder' } }];
    const { findings } = await train(smallJob(pretraining(objective, { stages })));
    expect(findings[0]!.steps).toBeGreaterThan(20);
    expect(findings[0]!.curve.every(({ loss }) => Number.isFinite(loss))).toBe(true);
  });

  it('leaks no tensor', async () => {
    const job = () => smallJob(pretraining(objective, { checkpointEvery: 2 }));
    await train(job());
    const before = memory().numTensors;
    await train(job());
    expect(memory().numTensors).toBe(before);
  });
});

describe('what is measured', () => {
  it('of masked stages are the hidden numbers alone', async () => {
    const objective = { type: 'masked', patch: 2, share: 0.5 };
    const job = smallJob(pretraining(objective));
    const weights = (await train(job)).weights!;
    const { loss, rmse, mae } = await evaluateModel(job, weights, job.data.validation);
    // Every example has as many hidden numbers, so the loss is their mean square.
    expect(rmse! ** 2).toBeCloseTo(loss!, 5);
    expect(mae!).toBeLessThanOrEqual(rmse!);
  });

  it('of pairs is how they rank, and is found in every batch', async () => {
    const stages = [
      { objective: { type: 'pairs' }, epochs: 60, optimizer: { type: 'adam', learningRate: 0.01 } },
    ];
    const job = smallJob(pretraining({ type: 'pairs' }, { stages, train: pictures(200, 3) }));
    const weights = (await train(job)).weights!;
    const { auc, confusions } = await evaluateLabels(job, weights, job.data.validation);
    expect(auc).toBeGreaterThan(0.9);
    const { truePositives, falsePositives, falseNegatives, trueNegatives } = confusions[0]!;
    expect(truePositives + falseNegatives).toBe(15);
    expect(falsePositives + trueNegatives).toBe(15);
    const { accuracy } = await evaluateModel(job, weights, job.data.validation);
    expect(accuracy).toBeCloseTo((truePositives + trueNegatives) / 30, 12);
  });

  it('is asked of Monte-Carlo passes too', async () => {
    const options = McDropoutSpec.parse({ samples: 20 });
    for (const objective of [{ type: 'masked', patch: 2 }, { type: 'rotation' }]) {
      const job = smallJob(pretraining(objective));
      const weights = (await train(job)).weights!;
      const plain = await evaluateModel(job, weights, job.data.validation);
      const passes = await evaluateMonteCarlo(job, weights, job.data.validation, options);
      const [name] = Object.keys(plain).filter((each) => each !== 'loss') as [string];
      expect(passes[`mc_${name}`]).toBeGreaterThan(0.5 * plain[name]!);
      expect(passes[`mc_${name}`]).toBeLessThan(2 * plain[name]!);
    }
  });

  it('is made alike in every epoch and stage', () => {
    const objective = createObjective(ObjectiveSpec.parse({ type: 'rotation' }), 'rotation', {
      inputs: picture(4, 4, 1),
      inputShape: [4, 4, 1],
    });
    const all = () => [...measuredBatches(pictures(30, 2), objective, 5, 8)];
    expect(all()).toEqual(all());
    expect(all().map(({ count }) => count)).toEqual([8, 8, 8, 6]);
  });
});
