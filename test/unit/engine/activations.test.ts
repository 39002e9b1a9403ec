import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { startBackend } from '../../../src/engine/backends/start.ts';
import { activate } from '../../../src/engine/model/activations.ts';
import { noRandom } from '../../../src/engine/model/random-source.ts';
import { Activation } from '../../../src/spec/activation.ts';

/** Of an activation that neither learns nor draws. */
const ALONE = { weights: {}, context: { mode: 'infer', random: noRandom('none') } } as const;

const NAMES = Activation.options[0].options;

describe.each(['cpu', 'wasm'] as const)('on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  test.each(NAMES)('%s keeps the shape and stays finite, with its gradient, far out', (name) => {
    tf.tidy(() => {
      const x = tf.tensor2d([
        [-1e4, -200, -50, 0],
        [0.5, 50, 200, 1e4],
      ]);
      const [y, gradient] = [
        activate(name, x, ALONE),
        tf.grad((input) => tf.sum(activate(name, input, ALONE)))(x),
      ];
      for (const tensor of [y, gradient]) {
        expect(tensor.shape).toEqual([2, 4]);
        expect([...tensor.dataSync()].every(Number.isFinite)).toBe(true);
      }
    });
  });

  test.each(NAMES)('%s passes on what is not a number', (name) => {
    const first = tf.tidy(() => activate(name, tf.tensor2d([[Number.NaN, 1]]), ALONE).dataSync()[0]!);
    expect(first).toBeNaN();
  });

  test('the parameters default to Keras’s', () => {
    tf.tidy(() => {
      const at = (activation: Activation) => activate(activation, tf.scalar(-1), ALONE).dataSync()[0];
      expect(at('leakyRelu')).toBeCloseTo(-0.2, 6);
      expect(at('leakyRelu')).toBe(at(Activation.parse({ type: 'leakyRelu' })));
      expect(at('elu')).toBe(at(Activation.parse({ type: 'elu' })));
    });
  });

  test('softmax sums to one along the last axis', () => {
    tf.tidy(() => {
      const sums = tf.sum(activate('softmax', tf.randomNormal([2, 3, 5], 0, 20, 'float32', 1), ALONE), -1);
      expect(sums.shape).toEqual([2, 3]);
      for (const sum of sums.dataSync()) expect(sum).toBeCloseTo(1, 6);
    });
  });
});
