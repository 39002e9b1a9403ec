import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it, test } from 'vitest';
import { startBackend } from '../../src/engine/backends/start.ts';
import { buildNetwork } from '../../src/engine/model/network.ts';
import { noRandom } from '../../src/engine/model/random-source.ts';
import { askedLoss } from '../../src/engine/train/losses.ts';
import { pairs } from '../../src/engine/train/objectives/pairs.ts';
import { turn } from '../../src/engine/train/objectives/rotation.ts';
import { LayerSpec, type NamedLayer } from '../../src/spec/layer.ts';
import { expectClose, fixture } from './fixture.ts';

interface Objectives {
  turns: { picture: number[][][]; turned: number[][][][] };
  masked: {
    loss: Parameters<typeof askedLoss>[0];
    outputs: number[][];
    targets: number[][];
    asked: number[][];
    weights?: number[];
    value: number;
    gradients: number[][];
  }[];
  pairs: {
    x: number[][];
    targets: number[][];
    weights: Record<string, number[] | number[][]>;
    outputs: number[][];
    loss: number;
    gradients: Record<string, number[] | number[][]>;
  };
}
const given = fixture<Objectives>('objectives');

test.each([0, 1, 2, 3])('%d quarter turns are NumPy’s rot90', (quarters) => {
  const picture = Float32Array.from(given.turns.picture.flat(2));
  const turned = new Float32Array(picture.length);
  turn(picture, turned, 3, 2, quarters);
  expect(turned).toEqual(Float32Array.from(given.turns.turned[quarters]!.flat(2)));
});

const layer = (name: string, rest: object) => ({ ...LayerSpec.parse(rest), name }) as NamedLayer;
const network = buildNetwork({
  inputShape: [3],
  layers: [
    layer('hidden', { type: 'dense', units: 4, activation: 'tanh' }),
    layer('output', { type: 'dense', units: 1, activation: 'sigmoid' }),
  ],
});
const NAMES = ['hidden/kernel', 'hidden/bias', 'output/kernel', 'output/bias'];
const FIXTURE_NAMES = ['hiddenKernel', 'hiddenBias', 'outputKernel', 'outputBias'];

/** The loss of the pairs as a function of the weights, in the order of `NAMES`. */
function lossOfPairs(...values: tf.Tensor[]): tf.Scalar {
  const objective = pairs();
  const weights = Object.fromEntries(NAMES.map((name, i) => [name, values[i]!]));
  const x = tf.tensor2d(given.pairs.x);
  const { output } = objective.respond(network, weights, { x }, { mode: 'infer', random: noRandom });
  return objective.loss(output as tf.Tensor2D, { x, y: tf.tensor2d(given.pairs.targets) });
}
const weightsOfPairs = () => FIXTURE_NAMES.map((name) => tf.tensor(given.pairs.weights[name]!));

describe.each(['cpu', 'wasm'] as const)('on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  test.each(given.masked)('the $loss of hidden numbers and its gradient', (masked) => {
    tf.tidy(() => {
      const weights = masked.weights && tf.tensor1d(masked.weights);
      const [targets, asked] = [tf.tensor2d(masked.targets), tf.tensor2d(masked.asked)];
      const loss = (outputs: tf.Tensor) =>
        askedLoss(masked.loss, outputs as tf.Tensor2D, targets, asked, weights);
      const outputs = tf.tensor2d(masked.outputs);
      expectClose(loss(outputs).dataSync(), [masked.value]);
      expectClose(tf.grad(loss)(outputs).dataSync(), masked.gradients.flat());
    });
  });

  it('compares pairs, and sends its gradient through both of them', () => {
    tf.tidy(() => {
      const weights = Object.fromEntries(NAMES.map((name, i) => [name, weightsOfPairs()[i]!]));
      const x = tf.tensor2d(given.pairs.x);
      const { output } = pairs().respond(network, weights, { x }, { mode: 'infer', random: noRandom });
      expectClose(output.dataSync(), given.pairs.outputs.flat());
      expectClose(lossOfPairs(...weightsOfPairs()).dataSync(), [given.pairs.loss]);
      for (const [i, gradient] of tf.grads(lossOfPairs)(weightsOfPairs()).entries())
        expectClose(gradient.dataSync(), [given.pairs.gradients[FIXTURE_NAMES[i]!]!].flat(2));
    });
  });
});

it('has the gradient of pairs that finite differences have', async () => {
  await startBackend('cpu');
  const STEP = 1e-3;
  tf.tidy(() => {
    const gradients = tf.grads(lossOfPairs)(weightsOfPairs());
    for (const [i, weight] of weightsOfPairs().entries()) {
      const moved = (element: number, by: number) => {
        const values = weight.dataSync().slice();
        values[element]! += by;
        const weights = weightsOfPairs();
        weights[i] = tf.tensor(values, weight.shape);
        return lossOfPairs(...weights).dataSync()[0]!;
      };
      const differences = Array.from(
        { length: weight.size },
        (_, element) => (moved(element, STEP) - moved(element, -STEP)) / (2 * STEP),
      );
      expectClose(gradients[i]!.dataSync(), differences, { tolerance: 5e-3, floor: 0.1 });
    }
  });
});
