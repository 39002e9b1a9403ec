import { memory, reverse, slice, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { startBackend } from '../../../src/engine/backends/start.ts';
import { buildNetwork, forward, initialWeights } from '../../../src/engine/model/network.ts';
import { noRandom } from '../../../src/engine/model/random-source.ts';
import { toUnits } from '../../../src/engine/predict/decode.ts';
import { predictMonteCarlo } from '../../../src/engine/predict/predict.ts';
import { fromArrays } from '../../../src/engine/tensors.ts';
import { key, normal } from '../../../src/random.ts';
import type { NamedArrays } from '../../../src/safetensors.ts';
import { hiddenLayers } from '../../../src/spec/expand.ts';
import { ModelSpec } from '../../../src/spec/model.ts';
import { examples, hash, smallJob, train } from './small-job.ts';

beforeAll(() => startBackend('wasm'));

const [BATCH, LENGTH, CHANNELS] = [3, 4, 2];
const TYPES = ['simpleRnn', 'lstm', 'gru'];

const input = (length = LENGTH) =>
  tensor(
    Float32Array.from({ length: BATCH * length * CHANNELS }, (_, i) => normal(key(1), i)),
    [BATCH, length, CHANNELS],
  );

function build(layers: object[], length = LENGTH) {
  const model = ModelSpec.parse({ layers });
  return buildNetwork({ inputShape: [length, CHANNELS], layers: hiddenLayers(model) });
}

/** What a layer named `x` puts out with the weights that it starts with. */
function outputOf(layer: object, x: Tensor): Tensor {
  const network = build([{ name: 'x', units: 3, ...layer }], x.shape[1]);
  const weights = fromArrays(initialWeights(network, 5));
  return forward(network, weights, x, { mode: 'infer', random: noRandom }).output;
}

const numbers = (value: Tensor) => [...value.dataSync()];

describe.each(TYPES)('%s', (type) => {
  it('ends where its sequence ends', () => {
    const last = outputOf({ type }, input());
    const every = outputOf({ type, returnSequences: true }, input());
    expect([last.shape, every.shape]).toEqual([
      [BATCH, 3],
      [BATCH, LENGTH, 3],
    ]);
    expect(numbers(slice(every, [0, LENGTH - 1], [BATCH, 1]))).toEqual(numbers(last));
  });

  it('reads backwards what it would read forwards of the reversed sequence', () => {
    const reversed = reverse(input(), 1);
    expect(numbers(outputOf({ type, backwards: true }, input()))).toEqual(
      numbers(outputOf({ type }, reversed)),
    );
    const every = outputOf({ type, backwards: true, returnSequences: true }, input());
    const forwards = outputOf({ type, returnSequences: true }, reversed);
    expect(numbers(every)).toEqual(numbers(reverse(forwards, 1)));
  });

  it('reads a sequence of one step', () => {
    const every = outputOf({ type, returnSequences: true }, input(1));
    expect(every.shape).toEqual([BATCH, 1, 3]);
    expect(numbers(every)).toEqual(numbers(outputOf({ type }, input(1))));
  });

  it.each(['simpleRnn', 'lstm', 'gru'])('trains a %s on sequences of one step', async (type) => {
    const split = examples(20, 3, 1);
    const layers = [{ type, units: 3 }];
    const job = smallJob({ layers, inputShape: [1, 3], train: split, stages: [{ epochs: 2 }] });
    expect((await train(job)).epochs).toHaveLength(2);
  });

  it('trains the same twice, leaks no tensor, and keeps max-norm of the input’s kernel alone', async () => {
    const job = () =>
      smallJob({
        inputShape: [LENGTH, CHANNELS],
        train: examples(48, LENGTH * CHANNELS, 7),
        layers: [
          { type: 'dropout', rate: 0.2 },
          { type: 'bidirectional', layer: { type, units: 3, returnSequences: true } },
          { type, name: 'top', units: 4, maxNorm: 0.1 },
        ],
        stages: [{ epochs: 3, batchSize: 16 }],
      });
    const once = await train(job());
    const before = memory().numTensors;
    const { weights } = await train(job());
    expect(memory().numTensors).toBe(before);
    expect(hash(weights!)).toBe(hash(once.weights!));
    expect(Math.max(...columnNorms(weights!['top/kernel']!))).toBeLessThanOrEqual(0.1 + 1e-6);
    expect(Math.min(...columnNorms(weights!['top/recurrentKernel']!))).toBeGreaterThan(0.1);
  });

  it('answers Monte-Carlo passes of a dropout layer before it, in whatever batches', async () => {
    const network = build([
      { type: 'dropout', rate: 0.5 },
      { type: 'bidirectional', layer: { type, units: 3 } },
      { type: 'dense', name: 'output', units: 1 },
    ]);
    const net = { network, weights: fromArrays(initialWeights(network, 3)) };
    const rows = Float32Array.from({ length: BATCH * LENGTH * CHANNELS }, (_, i) => normal(key(1), i));
    const ask = async (x: Float32Array, count: number, samples: number) => {
      const keep = (sampled: Float64Array[]) => sampled.map(([value]) => value!);
      const asIs = toUnits({ mean: 0, std: 1 });
      return (await predictMonteCarlo(net, x, count, asIs, { samples, seed: 1 }, keep)).summaries;
    };
    const all = await ask(rows, BATCH, 20);
    const alone = await ask(rows.subarray(LENGTH * CHANNELS, 2 * LENGTH * CHANNELS), 1, 5);
    expect(new Set(all[1]).size).toBeGreaterThan(15);
    for (const [pass, value] of alone[0]!.entries()) expect(value).toBeCloseTo(all[1]![pass]!, 5);
  });
});

describe('the first weights', () => {
  const first = (layer: object) => initialWeights(build([{ name: 'x', units: 3, ...layer }]), 5);
  const bias = (layer: object) => [...first(layer)['x/bias']!.data];

  it('let an LSTM remember: its forget gate’s bias is 1', () => {
    expect(bias({ type: 'lstm' })).toEqual([0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0]);
    expect(new Set(bias({ type: 'lstm', unitForgetBias: false }))).toEqual(new Set([0]));
    expect(Object.keys(first({ type: 'lstm', useBias: false }))).toEqual(['x/kernel', 'x/recurrentKernel']);
  });

  it('are zero in the biases of the others', () => {
    expect(new Set(bias({ type: 'simpleRnn' }))).toEqual(new Set([0]));
    expect(new Set([...bias({ type: 'gru' }), ...first({ type: 'gru' })['x/recurrentBias']!.data])).toEqual(
      new Set([0]),
    );
  });

  it('are a Glorot kernel and an orthogonal recurrent kernel, whatever the activation', () => {
    const { 'x/kernel': kernel, 'x/recurrentKernel': recurrent } = first({ type: 'gru', activation: 'relu' });
    const limit = Math.sqrt(6 / (CHANNELS + 9));
    expect(Math.max(...kernel!.data.map(Math.abs))).toBeLessThanOrEqual(limit);
    const rows = [0, 1, 2].map((row) => recurrent!.data.subarray(9 * row, 9 * row + 9));
    for (const [i, a] of rows.entries()) {
      for (const [j, b] of rows.entries())
        expect(a.reduce((sum, value, k) => sum + value * b[k]!, 0)).toBeCloseTo(i === j ? 1 : 0, 5);
    }
  });

  it('are penalized in the input’s kernel alone', () => {
    const { weights } = build([{ type: 'gru', name: 'x', units: 3, l1: 0.1, l2: 0.2, maxNorm: 3 }]);
    const penalized = [...weights].filter(
      ([, { l1, l2, maxNorm }]) => l1 > 0 || l2 > 0 || maxNorm !== undefined,
    );
    expect(penalized.map(([name]) => name)).toEqual(['x/kernel']);
  });
});

function columnNorms({ shape, data }: NamedArrays[string]): number[] {
  const [rows, columns] = shape as [number, number];
  return Array.from({ length: columns }, (_, column) =>
    Math.hypot(...Array.from({ length: rows }, (_, row) => data[row * columns + column]!)),
  );
}
