import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, test } from 'vitest';
import { startBackend } from '../../src/engine/backends/start.ts';
import { activate } from '../../src/engine/model/activations.ts';
import { noRandom } from '../../src/engine/model/random-source.ts';
import type { Activation } from '../../src/spec/activation.ts';
import { expectClose, fixture } from './fixture.ts';

/** Of an activation that neither learns nor draws. */
const ALONE = { weights: {}, context: { mode: 'infer', random: noRandom('none') } } as const;

interface Activations {
  points: number[];
  cases: { activation: Activation; values: number[]; gradients: number[] }[];
  softmax: { rows: number[][]; weights: number[][]; values: number[][]; gradients: number[][] };
}
const { points, cases, softmax } = fixture<Activations>('activations');

// Values near zero are differences of numbers near one.
const NEAR_ONE = { floor: 0.1 };

describe.each(['cpu', 'wasm'] as const)('on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  test.each(cases)('$activation and its gradient', ({ activation, values, gradients }) => {
    tf.tidy(() => {
      const x = tf.tensor1d(points);
      expectClose(activate(activation, x, ALONE).dataSync(), values, NEAR_ONE);
      const gradient = tf.grad((input) => tf.sum(activate(activation, input, ALONE)))(x);
      expectClose(gradient.dataSync(), gradients, NEAR_ONE);
    });
  });

  test('softmax and its gradient', () => {
    tf.tidy(() => {
      const rows = tf.tensor2d(softmax.rows);
      expectClose(activate('softmax', rows, ALONE).dataSync(), softmax.values.flat(), NEAR_ONE);
      const weighted = (input: tf.Tensor) =>
        tf.sum(tf.mul(activate('softmax', input, ALONE), tf.tensor2d(softmax.weights)));
      expectClose(tf.grad(weighted)(rows).dataSync(), softmax.gradients.flat(), NEAR_ONE);
    });
  });
});
