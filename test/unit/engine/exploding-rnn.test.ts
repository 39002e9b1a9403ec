import { beforeAll, describe, expect, it } from 'vitest';
import { startBackend } from '../../../src/engine/backends/start.ts';
import type { Examples } from '../../../src/engine/train/batch.ts';
import { DivergedError } from '../../../src/engine/train/diverged.ts';
import { key, normal } from '../../../src/random.ts';
import { nothingTold, smallJob, train } from './small-job.ts';

beforeAll(() => startBackend('wasm'));

const LENGTH = 30;

/** Noise, and where a running average of it ends up: of variance 1, so that guessing zero has a loss of 1. */
function sequences(count: number, seed: number): Examples {
  const stream = key(seed, 'sequences');
  const x = Float32Array.from({ length: count * LENGTH }, (_, i) => normal(stream, i));
  const y = Float32Array.from({ length: count }, (_, row) =>
    x.subarray(row * LENGTH, (row + 1) * LENGTH).reduce((average, now) => 0.8 * average + 0.6 * now, 0),
  );
  return { count, width: LENGTH, units: 1, x, y };
}

/** Sixteen units whose recurrent kernel multiplies what goes through it at each of the thirty steps. */
function explodingJob(clip?: object) {
  return smallJob({
    seed: 1,
    inputShape: [LENGTH, 1],
    train: sequences(128, 1),
    validation: sequences(64, 2),
    layers: [
      {
        type: 'simpleRnn',
        units: 16,
        activation: 'relu',
        recurrentInitializer: { type: 'normal', std: 0.45 },
      },
    ],
    stages: [
      { epochs: 20, batchSize: 16, optimizer: { type: 'sgd', learningRate: 0.05, ...(clip && { clip }) } },
    ],
  });
}

function greatestNorm({ points }: ReturnType<typeof nothingTold>): number {
  return Math.max(...points.filter(({ name }) => name === 'gradient_norm').map(({ value }) => Number(value)));
}

describe('a recurrent network whose gradients explode', () => {
  it('diverges at once without clipping', async () => {
    const told = nothingTold();
    const failure = await train(explodingJob(), { told }).catch((error) => error);
    expect(failure).toBeInstanceOf(DivergedError);
    expect(failure.step).toBeLessThan(5);
    expect(greatestNorm(told)).toBeGreaterThan(1e6);
  });

  it.each([{ globalNorm: 1 }, { norm: 1 }, { value: 0.1 }])(
    'trains with its gradients clipped: %j',
    async (clip) => {
      const trained = await train(explodingJob(clip));
      const [first, last] = [trained.epochs[0]!, trained.epochs.at(-1)!].map(({ metrics }) => metrics);
      expect(greatestNorm(trained)).toBeGreaterThan(1e6);
      expect(first!.loss).toBeGreaterThan(1e4);
      expect(last!.loss).toBeLessThan(0.6);
      expect(last!.val_loss).toBeLessThan(0.6);
    },
  );
});
