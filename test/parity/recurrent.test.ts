import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { startBackend } from '../../src/engine/backends/start.ts';
import { buildNetwork, forward } from '../../src/engine/model/network.ts';
import { noRandom } from '../../src/engine/model/random-source.ts';
import { hiddenLayers } from '../../src/spec/expand.ts';
import { ModelSpec } from '../../src/spec/model.ts';
import { expectClose, fixture } from './fixture.ts';

interface Case {
  layers: { type: string; layer?: { type: string; activation?: string }; returnSequences?: boolean }[];
  /** By their full names. */
  weights: Record<string, number[] | number[][]>;
  /** [batch, length, channels] */
  x: number[][][];
  /** What each output counts in the sum whose gradients these are. */
  probe: number[][] | number[][][];
  outputs: number[][] | number[][][];
  gradients: { x: number[][][]; weights: Record<string, number[] | number[][]> };
}
const cases = fixture<Case[]>('recurrent').map((given) => ({ ...given, title: titleOf(given) }));

function titleOf({ layers, outputs }: Case): string {
  const stack = layers.map(({ type, layer }) => (layer ? `${type} ${layer.type}` : type)).join(' below ');
  return `${stack}, ${Array.isArray(outputs[0]![0]) ? 'every step' : 'the last step'}`;
}

function networkOf({ layers, x }: Case) {
  const inputShape = [x[0]!.length, x[0]![0]!.length];
  return buildNetwork({ inputShape, layers: hiddenLayers(ModelSpec.parse({ layers })) });
}

/**
 * To 1e-5 of each number, or of a tenth of the greatest beside it: a gradient is a sum over steps and examples, and
 * where its terms nearly cancel, float32 leaves what rounding the large ones costs. PyTorch's own float32 is up to
 * 6e-7 of the greatest from its float64 here; this allows 1e-6.
 */
function expectCloseTo(found: ArrayLike<number>, expected: unknown[]): void {
  const numbers = expected.flat(3) as number[];
  expectClose(found, numbers, { tolerance: 1e-5, floor: Math.max(...numbers.map(Math.abs)) / 10 });
}

describe.each(['cpu', 'wasm'] as const)('on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  test.each(cases)('$title: its outputs and all gradients', (given) => {
    const network = networkOf(given);
    expect([...network.weights.keys()].sort()).toEqual(Object.keys(given.weights).sort());
    const names = Object.keys(given.weights);
    const outputsOf = (x: tf.Tensor, ...values: tf.Tensor[]) => {
      const weights = Object.fromEntries(names.map((name, i) => [name, values[i]!]));
      return forward(network, weights, x, { mode: 'train', random: noRandom }).output;
    };
    tf.tidy(() => {
      const inputs = [given.x, ...Object.values(given.weights)].map((value) => tf.tensor(value));
      const outputs = outputsOf(...(inputs as [tf.Tensor]));
      const sum = (...values: tf.Tensor[]) =>
        tf.sum(tf.mul(outputsOf(...(values as [tf.Tensor])), tf.tensor(given.probe)));
      const [ofInput, ...ofWeights] = tf.grads(sum)(inputs);
      expect(outputs.shape).toEqual(tf.tensor(given.outputs).shape);
      expectCloseTo(outputs.dataSync(), given.outputs);
      expectCloseTo(ofInput!.dataSync(), given.gradients.x);
      for (const [i, name] of names.entries())
        expectCloseTo(ofWeights[i]!.dataSync(), given.gradients.weights[name]!);
    });
  });
});
