import { beforeAll, expect, it } from 'vitest';
import { createAugment } from '../../../src/data/augment/index.ts';
import { gatherAugmented } from '../../../src/data/batches.ts';
import type { Examples } from '../../../src/data/examples.ts';
import { startBackend } from '../../../src/engine/backends/start.ts';
import type { TrainJob } from '../../../src/engine/train/train-job.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../../src/engine/train/train-state.ts';
import { Augmentation } from '../../../src/spec/augment.ts';
import { examples, hash, smallJob, train } from './small-job.ts';

beforeAll(() => startBackend('wasm'));

const SHAPE = [3, 4, 1];
const pictures = examples(50, 12, 7) as Examples;
const STEPS = [{ type: 'flip' }, { type: 'shift', pixels: 1 }, { type: 'rotate', degrees: 20 }];

function job(options: { checkpointEvery?: number; augmented?: boolean; seed?: number } = {}): TrainJob {
  const { checkpointEvery = 1_000, augmented = true, seed = 1 } = options;
  const made = smallJob({
    train: pictures,
    inputShape: SHAPE,
    layers: [{ type: 'conv2d', filters: 2, kernelSize: 2, activation: 'relu' }, { type: 'flatten' }],
    stages: [
      { epochs: 3, batchSize: 16, optimizer: { type: 'adam' } },
      { epochs: 2, batchSize: 8, optimizer: { type: 'sgd' } },
    ],
    checkpointEvery,
  });
  if (!augmented) return made;
  const augment = createAugment(
    STEPS.map((step) => Augmentation.parse(step)),
    { type: 'tensor', name: 'image', shape: SHAPE, scale: 1, mean: [0], std: [1] },
    [-3, 3],
    seed,
  );
  return { ...made, data: { ...made.data, gather: gatherAugmented(pictures, augment), augmented: true } };
}

it('trains on other numbers in every epoch, the same for the same seed', async () => {
  const [once, again, plain, other] = [
    await train(job()),
    await train(job()),
    await train(job({ augmented: false })),
    await train(job({ seed: 2 })),
  ];
  expect(hash(again.weights!)).toBe(hash(once.weights!));
  expect(hash(plain.weights!)).not.toBe(hash(once.weights!));
  expect(hash(other.weights!)).not.toBe(hash(once.weights!));
});

it('resumes bit for bit from every checkpoint, in the middle of epochs and stages', async () => {
  const straight = await train(job({ checkpointEvery: 3 }));
  expect(straight.checkpoints.length).toBeGreaterThan(5);
  for (const checkpoint of straight.checkpoints) {
    const resumed = await train(job(), { resume: decodeCheckpoint(encodeCheckpoint(checkpoint)) });
    expect(hash(resumed.weights!)).toBe(hash(straight.weights!));
  }
});
