import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { startBackend } from '../../../src/engine/backends/start.ts';
import { exampleLosses, meanLoss, penalty } from '../../../src/engine/train/losses.ts';
import { LossSpec } from '../../../src/spec/objective.ts';

const CROSS_ENTROPY = LossSpec.parse({ type: 'categoricalCrossEntropy' });

describe.each(['cpu', 'wasm'] as const)('on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  test('cross-entropy stays exact where a softmax would round to 0 or overflow', () => {
    tf.tidy(() => {
      const logits = tf.tensor2d([
        [0, 300],
        [0, 300],
        [1e5, 1e5],
      ]);
      const targets = tf.tensor2d([
        [1, 0],
        [0, 1],
        [1, 0],
      ]);
      const losses = exampleLosses(CROSS_ENTROPY, logits, targets).dataSync();
      expect(losses[0]).toBe(300);
      expect(losses[1]).toBeCloseTo(0, 9);
      expect(losses[2]).toBeCloseTo(Math.LN2, 6);
    });
  });

  test('its gradient is softmax − target', () => {
    tf.tidy(() => {
      const [logits, target] = [tf.tensor2d([[1, 2, -1]]), tf.tensor2d([[0, 1, 0]])];
      const loss = (x: tf.Tensor) => tf.sum(exampleLosses(CROSS_ENTROPY, x as tf.Tensor2D, target));
      const expected = tf.sub(tf.softmax(logits), target).dataSync();
      for (const [i, found] of tf.grad(loss)(logits).dataSync().entries())
        expect(found).toBeCloseTo(expected[i]!, 6);
    });
  });

  test('label smoothing never lets the loss reach zero', () => {
    tf.tidy(() => {
      const smoothed = LossSpec.parse({ type: 'categoricalCrossEntropy', labelSmoothing: 0.3 });
      const [logits, target] = [tf.tensor2d([[20, 0, 0]]), tf.tensor2d([[1, 0, 0]])];
      // 0.1 of the target lies on each of the two classes that are 20 nats away.
      expect(exampleLosses(smoothed, logits, target).dataSync()[0]).toBeCloseTo(2 * 0.1 * 20, 4);
    });
  });

  test('binary cross-entropy stays exact where a sigmoid would round to 0 or 1, and its gradient is σ − target', () => {
    tf.tidy(() => {
      const loss = LossSpec.parse({ type: 'binaryCrossEntropy' });
      const [logits, targets] = [tf.tensor2d([[1e5], [-300], [0], [60]]), tf.tensor2d([[0], [1], [1], [1]])];
      const losses = exampleLosses(loss, logits, targets).dataSync();
      expect([losses[0], losses[1]]).toEqual([1e5, 300]);
      expect(losses[2]).toBeCloseTo(Math.LN2, 6);
      expect(losses[3]).toBeLessThan(1e-25);
      const gradient = tf.grad((x) => tf.sum(exampleLosses(loss, x as tf.Tensor2D, targets)))(logits);
      for (const [i, expected] of [1, -1, -0.5, 0].entries())
        expect(gradient.dataSync()[i]).toBeCloseTo(expected, 6);
    });
  });

  test('binary cross-entropy is the mean over the labels, and smoothing takes half of it from each side', () => {
    tf.tidy(() => {
      const smoothed = LossSpec.parse({ type: 'binaryCrossEntropy', labelSmoothing: 0.2 });
      // Of 1 is left 0.9, of 0 there is 0.1: each label that is 20 nats sure misses a tenth.
      const losses = exampleLosses(smoothed, tf.tensor2d([[20, -20, 0]]), tf.tensor2d([[1, 0, 0]]));
      expect(losses.dataSync()[0]).toBeCloseTo((2 + 2 + Math.LN2) / 3, 5);
    });
  });

  test('the Gaussian likelihood is least where the variance is the squared error', () => {
    tf.tidy(() => {
      const loss = LossSpec.parse({ type: 'gaussianNll' });
      const at = (error: number, s: number) =>
        exampleLosses(loss, tf.tensor2d([[1 + error, s]]), tf.tensor2d([[1]])).dataSync()[0]!;
      expect(at(0, -3)).toBe(-1.5);
      expect(at(2, 0)).toBe(2);
      const outputs = tf.tensor2d([[3, Math.log(4)]]);
      expect(at(2, Math.log(4))).toBeCloseTo((Math.log(4) + 1) / 2, 6);
      const gradient = tf.grad((x) => tf.sum(exampleLosses(loss, x as tf.Tensor2D, tf.tensor2d([[1]]))));
      const [byMean, byLogVariance] = gradient(outputs).dataSync();
      expect(byMean).toBeCloseTo(2 / 4, 6);
      expect(byLogVariance).toBeCloseTo(0, 6);
    });
  });

  test.each(['mse', 'mae', 'huber'] as const)(
    '%s of a Gaussian sees its mean and leaves its variance alone',
    (type) => {
      tf.tidy(() => {
        const [loss, target] = [LossSpec.parse({ type }), tf.tensor2d([[1], [2]])];
        const [point, gaussian] = [
          tf.tensor2d([[3], [1]]),
          tf.tensor2d([
            [3, 7],
            [1, -9],
          ]),
        ];
        const losses = (x: tf.Tensor) => exampleLosses(loss, x as tf.Tensor2D, target);
        expect([...losses(gaussian).dataSync()]).toEqual([...losses(point).dataSync()]);
        const [mean, variance, otherMean, otherVariance] = tf
          .grad((x) => tf.sum(losses(x)))(gaussian)
          .dataSync();
        expect([mean, otherMean].map((slope) => Math.sign(slope!))).toEqual([1, -1]);
        expect([variance, otherVariance]).toEqual([0, 0]);
      });
    },
  );

  test.each(['mse', 'mae', 'huber'] as const)('%s is 0 and flat where the output is right', (type) => {
    tf.tidy(() => {
      const target = tf.tensor2d([[3], [-2]]);
      const loss = (x: tf.Tensor) =>
        tf.sum(exampleLosses(LossSpec.parse({ type }), x as tf.Tensor2D, target));
      expect(loss(target).dataSync()[0]).toBe(0);
      expect([...tf.grad(loss)(target).dataSync()].map(Math.abs)).toEqual([0, 0]);
    });
  });

  test('huber goes over from the square to the line at delta', () => {
    tf.tidy(() => {
      const huber = LossSpec.parse({ type: 'huber', delta: 2 });
      const losses = exampleLosses(huber, tf.tensor2d([[1], [2], [-5]]), tf.zeros([3, 1]));
      expect([...losses.dataSync()]).toEqual([0.5, 2, 8]);
    });
  });

  test('the mean is over the count of examples, whatever they weigh', () => {
    tf.tidy(() => {
      const losses = tf.tensor1d([1, 2, 3, 6]);
      expect(meanLoss(losses).dataSync()[0]).toBe(3);
      expect(meanLoss(losses, tf.tensor1d([2, 0, 0, 1])).dataSync()[0]).toBe(2);
    });
  });

  test('penalties are l1 · Σ|w| + l2 · Σw², and pull nothing off zero', () => {
    tf.tidy(() => {
      const shapes = new Map([
        ['a/kernel', { l1: 0.5, l2: 0.1 }],
        ['a/bias', { l1: 0, l2: 0 }],
        ['b/kernel', { l1: 0, l2: 1 }],
      ]);
      const weights = {
        'a/kernel': tf.tensor1d([0, 2, -1]),
        'a/bias': tf.tensor1d([9]),
        'b/kernel': tf.tensor1d([3]),
      };
      expect(penalty(weights, shapes).dataSync()[0]).toBeCloseTo(0.5 * 3 + 0.1 * 5 + 9, 5);
      const gradient = tf.grad((kernel) => penalty({ ...weights, 'a/kernel': kernel }, shapes))(
        weights['a/kernel'],
      );
      const expected = [0, 0.5 + 0.4, -0.5 - 0.2];
      for (const [i, found] of gradient.dataSync().entries()) expect(found).toBeCloseTo(expected[i]!, 6);
      expect(penalty(weights, new Map()).dataSync()[0]).toBe(0);
    });
  });
});
