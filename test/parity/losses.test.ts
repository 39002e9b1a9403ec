import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, test } from 'vitest';
import { startBackend } from '../../src/engine/backends/start.ts';
import { exampleLosses, meanLoss } from '../../src/engine/train/losses.ts';
import type { LossSpec } from '../../src/spec/objective.ts';
import { expectClose, fixture } from './fixture.ts';

interface Losses {
  weights: number[];
  cases: {
    loss: LossSpec;
    outputs: number[][];
    targets: number[][];
    losses: number[];
    mean: number;
    gradients: number[][];
  }[];
}
const { weights, cases } = fixture<Losses>('losses');

describe.each(['cpu', 'wasm'] as const)('on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  test.each(cases)('$loss, its weighted mean and gradient', (given) => {
    tf.tidy(() => {
      const [outputs, targets] = [tf.tensor2d(given.outputs), tf.tensor2d(given.targets)];
      const mean = (x: tf.Tensor) =>
        meanLoss(exampleLosses(given.loss, x as tf.Tensor2D, targets), tf.tensor1d(weights));
      expectClose(exampleLosses(given.loss, outputs, targets).dataSync(), given.losses);
      expectClose(mean(outputs).dataSync(), [given.mean]);
      expectClose(tf.grad(mean)(outputs).dataSync(), given.gradients.flat());
    });
  });
});
