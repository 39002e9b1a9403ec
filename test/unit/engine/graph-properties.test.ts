import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { startBackend } from '../../../src/engine/backends/start.ts';
import type { LayerFunction } from '../../../src/engine/model/layer.ts';
import { LAYERS } from '../../../src/engine/model/layers/index.ts';
import { buildNetwork, forward, initialWeights } from '../../../src/engine/model/network.ts';
import { noRandom } from '../../../src/engine/model/random-source.ts';
import { fromArrays, type Tensors } from '../../../src/engine/tensors.ts';
import { key, permutation } from '../../../src/random.ts';
import { hiddenLayers } from '../../../src/spec/expand.ts';
import { LayerSpec } from '../../../src/spec/layer.ts';
import { ModelSpec } from '../../../src/spec/model.ts';
import { examples, hash, smallJob, train } from './small-job.ts';

beforeAll(() => startBackend('wasm'));

const [ROWS, COLUMNS] = [2, 3];
const number = fc.float({ min: -100, max: 100, noNaN: true });
const matrix = fc.array(number, { minLength: ROWS * COLUMNS, maxLength: ROWS * COLUMNS });
const matrices = fc.array(matrix, { minLength: 2, maxLength: 5 });
const shuffled = <T>(items: readonly T[], seed: number): T[] =>
  [...permutation(key(seed), items.length)].map((i) => items[i]!);

/** What a merging layer makes of matrices of `COLUMNS` columns. */
function merge(type: string, inputs: readonly number[][]): Float32Array {
  return tf.tidy(() => {
    const layer = LayerSpec.parse({ type, inputs: inputs.map((_, i) => `i${i}`) });
    const tensors = inputs.map((values) => tf.tensor2d(values, [ROWS, COLUMNS]));
    const context = { mode: 'infer', inputs: tensors, frozen: false, random: noRandom('it') } as const;
    const apply = LAYERS[layer.type] as LayerFunction<typeof layer.type>;
    return (apply(layer, {}, tensors[0]!, context) as tf.Tensor).dataSync() as Float32Array;
  });
}

describe('merging', () => {
  test.each(['add', 'average', 'multiply', 'maximum'])('%s doesn’t care for the order', (type) => {
    fc.assert(
      fc.property(matrices, fc.nat(), (inputs, seed) => {
        const [found, other] = [merge(type, inputs), merge(type, shuffled(inputs, seed))];
        for (const [i, value] of found.entries()) {
          const terms = inputs.map((input) => Math.abs(input[i]!));
          const scale = type === 'multiply' ? Math.abs(value) : terms.reduce((a, b) => a + b);
          const room = type === 'maximum' ? 0 : 1e-6 * scale + 1e-30;
          expect(Math.abs(value - other[i]!)).toBeLessThanOrEqual(room);
        }
      }),
    );
  });

  test('subtract turns its sign with the order', () => {
    fc.assert(
      fc.property(matrix, matrix, (a, b) => {
        const [found, other] = [merge('subtract', [a, b]), merge('subtract', [b, a])];
        expect(found.map((value) => value + 0)).toEqual(other.map((value) => 0 - value));
      }),
    );
  });

  test('concat lays its inputs side by side in their order, bit for bit', () => {
    fc.assert(
      fc.property(matrices, (inputs) => {
        const found = merge('concat', inputs);
        const width = COLUMNS * inputs.length;
        for (const [i, value] of found.entries()) {
          const [row, column] = [Math.floor(i / width), i % width];
          const input = inputs[Math.floor(column / COLUMNS)]!;
          expect(value).toBe(input[row * COLUMNS + (column % COLUMNS)]);
        }
      }),
    );
  });
});

describe('a network', () => {
  test('trains to the same weights in whatever order its branches are listed', async () => {
    const branch = (name: string, activation: string) => [
      { type: 'dense', name, inputs: ['input'], units: 3, activation },
      { type: 'dropout', name: `${name}Dropout`, inputs: [name], rate: 0.3 },
      { type: 'batchNorm', name: `${name}Norm`, inputs: [`${name}Dropout`] },
    ];
    const branches = [branch('a', 'tanh'), branch('b', 'rrelu'), branch('c', 'prelu')];
    const merged = { type: 'concat', inputs: ['aNorm', 'bNorm', 'cNorm'] };
    const trained = async (order: readonly object[][]) => {
      const stages = [{ epochs: 1, batchSize: 8, optimizer: { type: 'adam', learningRate: 0.01 } }];
      const job = smallJob({ layers: [...order.flat(), merged], stages, train: examples(16, 3, 7) });
      return hash((await train(job)).weights!);
    };
    const expected = await trained(branches);
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        expect(await trained(shuffled(branches, seed))).toBe(expected);
      }),
      { numRuns: 8 },
    );
  });

  test('answers the same with the units of a hidden layer in another order', () => {
    const [inputs, units, outputs] = [3, 5, 2];
    const layers = hiddenLayers(
      ModelSpec.parse({
        layers: [
          { type: 'dense', name: 'hidden', units, activation: 'prelu' },
          { type: 'batchNorm', name: 'norm' },
          { type: 'dense', name: 'output', units: outputs },
        ],
      }),
    );
    const network = buildNetwork({ inputShape: [inputs], layers });
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (seed, order) =>
        tf.tidy(() => {
          const weights = fromArrays(initialWeights(network, seed));
          const places = tf.tensor1d([...permutation(key(order), units)], 'int32');
          const moved: Tensors = Object.fromEntries(
            Object.entries(weights).map(([name, weight]) => {
              if (name === 'output/bias') return [name, weight];
              const axis = name === 'hidden/kernel' ? 1 : 0;
              return [name, tf.gather(weight, places, axis)];
            }),
          );
          const x = tf.tensor2d(examples(4, inputs, seed).x, [4, inputs]);
          const answer = (given: Tensors) =>
            forward(network, given, x, { mode: 'infer', random: noRandom }).output.dataSync();
          const [found, expected] = [answer(moved), answer(weights)];
          for (const [i, value] of expected.entries()) expect(found[i]).toBeCloseTo(value, 5);
        }),
      ),
    );
  });
});
