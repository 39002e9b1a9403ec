import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { startBackend } from '../../../src/engine/backends/start.ts';
import { initialWeights } from '../../../src/engine/model/network.ts';
import type { NamedArrays } from '../../../src/safetensors.ts';
import { examples, smallJob, train } from './small-job.ts';

beforeAll(() => startBackend('wasm'));

const LAYERS = [
  { type: 'batchNorm', name: 'first' },
  { type: 'dense', name: 'low', units: 4, activation: 'prelu', l2: 0.1, maxNorm: 0.5 },
  { type: 'dropout', rate: 0.2 },
  {
    type: 'residual',
    layers: [
      { type: 'dense', name: 'inner', units: 4, l1: 0.1 },
      { type: 'batchNorm', name: 'norm', scale: false },
    ],
  },
  { type: 'layerNorm', name: 'each' },
  { type: 'reshape', shape: [4, 1] },
  { type: 'conv1d', name: 'convolved', filters: 2, kernelSize: 2 },
  { type: 'lstm', name: 'remembered', units: 2 },
];
const WITH_WEIGHTS = ['first', 'low', 'inner', 'norm', 'each', 'convolved', 'remembered', 'output'];
const OPTIMIZERS = ['sgd', 'momentum', 'nesterov', 'adagrad', 'rmsprop', 'adam', 'adamax', 'nadam', 'adamw'];

const stage = fc.record({
  trainable: fc.oneof(
    { weight: 1, arbitrary: fc.constant('all' as const) },
    {
      weight: 4,
      arbitrary: fc
        .subarray(WITH_WEIGHTS, { minLength: 1, maxLength: WITH_WEIGHTS.length - 1 })
        .map((layers) => ({ layers })),
    },
  ),
  epochs: fc.integer({ min: 1, max: 2 }),
  batchSize: fc.constantFrom(4, 8),
  optimizer: fc.record({
    type: fc.constantFrom(...OPTIMIZERS),
    learningRate: fc.double({ min: 1e-3, max: 0.1, noNaN: true }),
    clip: fc.constantFrom(undefined, { value: 0.1 }, { globalNorm: 1 }),
  }),
});

/** The names whose bits differ. */
const changed = (before: NamedArrays, after: NamedArrays) =>
  Object.keys(before).filter(
    (name) => !Buffer.from(before[name]!.data.buffer).equals(Buffer.from(after[name]!.data.buffer)),
  );
const layerOf = (weight: string) => weight.split('/')[0]!;

describe('a stage', () => {
  test('moves no weight of a layer that it freezes, moving statistics included, and moves some other', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(stage, { minLength: 1, maxLength: 3 }), fc.nat(), async (stages, seed) => {
        const job = smallJob({ layers: LAYERS, stages, seed, train: examples(16, 3, 7) });
        const { weights, checkpoints } = await train(job);
        const starts = stages.map((_, i) =>
          i === 0
            ? initialWeights(job.network, seed)
            : checkpoints.find(({ position: { stage, step } }) => stage === i + 1 && step === 0)!.weights,
        );
        for (const [i, { trainable }] of stages.entries()) {
          const moving = trainable === 'all' ? WITH_WEIGHTS : trainable.layers;
          const moved = changed(starts[i]!, starts[i + 1] ?? weights!).map(layerOf);
          expect(moved.filter((layer) => !moving.includes(layer))).toEqual([]);
          expect(moved.length).toBeGreaterThan(0);
          for (const layer of moving.filter((name) => ['first', 'norm'].includes(name)))
            expect(changed(starts[i]!, starts[i + 1] ?? weights!)).toContain(`${layer}/movingMean`);
        }
      }),
      { numRuns: 25 },
    );
  });
});
