import { input, layers as L, model, sequential } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { startBackend } from '../../src/engine/backends/start.ts';
import { deterministicPass } from '../../src/engine/predict/passes.ts';
import { loadModel } from '../../src/engine/predict/trained-model.ts';
import { converted } from '../foreign-model.ts';
import { type KeptArray, kerasArchive, wholeModel } from '../keras-files.ts';
import { fillWeights, type SavedModel, saved, stockPrediction } from '../stock-model.ts';

/**
 * What Keras keeps in HDF5 and in `.keras` archives. The files are laid out as Keras's own code lays them out; what
 * they must compute is what TensorFlow.js's layers of the same weights compute, or Keras's formula.
 */

beforeAll(() => startBackend('cpu'));

type Model = ReturnType<typeof model>;
const recurrent = { recurrentInitializer: 'glorotUniform', recurrentActivation: 'sigmoid' } as const;

/** Two dense layers in a model within, a batch norm beside them, and a bidirectional layer below. */
function nested(): Model {
  const inner = sequential({
    name: 'inner',
    layers: [
      L.dense({ name: 'first', units: 4, inputShape: [6], activation: 'relu' }),
      L.dense({ name: 'second', units: 3, useBias: false }),
    ],
  });
  const start = input({ shape: [5, 3], name: 'start' });
  const both = L.bidirectional({
    name: 'both',
    layer: L.lstm({ name: 'memory', units: 3, ...recurrent }) as never,
    mergeMode: 'concat',
  }).apply(start);
  const norm = L.batchNormalization({ name: 'a/norm' }).apply(inner.apply(both));
  const end = L.dropout({ name: 'end', rate: 0.2 }).apply(L.dense({ name: 'top', units: 2 }).apply(norm));
  return fillWeights(model({ inputs: start, outputs: end as never }));
}

const ROWS = Float32Array.from({ length: 30 }, (_, i) => Math.cos(i * 7.13));

async function outputsOf(file: Buffer, rows: Float32Array, count: number): Promise<Float32Array> {
  const ours = loadModel(await converted({ 'model.bin': file }, { input: 'bytes' }));
  const outputs = await deterministicPass(ours.network, ours.weights, rows, count);
  ours.dispose();
  return outputs;
}

function expectClose(found: Float32Array, expected: readonly number[]): void {
  expect(found).toHaveLength(expected.length);
  for (const [i, number] of expected.entries()) expect(found[i]).toBeCloseTo(number, 5);
}

/** The stock model's weights, those whose name begins so, by the rest of it. */
function under(stock: SavedModel, scope: string, rename = (name: string) => name): Record<string, KeptArray> {
  const own = stock.weights.filter(({ name }) => name.startsWith(`${scope}/`));
  return Object.fromEntries(own.map(({ name, ...array }) => [rename(name), array]));
}

describe('HDF5', () => {
  it('as Keras 2 names weights: with :0, and a cell within a recurrent layer', async () => {
    const stock = nested();
    const weights = await saved(stock);
    const cell = (name: string) => `${name.replace(/\/(\w+)$/, '/lstm_cell_3/$1')}:0`;
    const plain = (name: string) => `${name}:0`;
    const file = await wholeModel(weights.topology, {
      start: {},
      both: under(weights, 'both', cell),
      inner: { ...under(weights, 'first', plain), ...under(weights, 'second', plain) },
      'a/norm': under(weights, 'a/norm', plain),
      top: under(weights, 'top', plain),
      end: {},
    });
    expectClose(await outputsOf(file, ROWS, 2), stockPrediction(stock, ROWS, [5, 3]));
  });

  it('as Keras 3 names weights: by their path in the model', async () => {
    const stock = nested();
    const weights = await saved(stock);
    const file = await wholeModel(weights.topology, {
      both: under(weights, 'both', (name) => name.replace(/\/(\w+)$/, '/lstm_cell/$1')),
      inner: {
        ...under(weights, 'first', (name) => `inner/${name}`),
        ...under(weights, 'second', (name) => `inner/${name}`),
      },
      'a/norm': under(weights, 'a/norm'),
      top: under(weights, 'top'),
      top_level_model_weights: {},
    });
    expectClose(await outputsOf(file, ROWS, 2), stockPrediction(stock, ROWS, [5, 3]));
  });
});

describe('a .keras archive', () => {
  const folders = {
    'both/forward_memory': 'layers/bidirectional/forward_layer/cell',
    'both/backward_memory': 'layers/bidirectional/backward_layer/cell',
    first: 'layers/sequential/layers/dense',
    second: 'layers/sequential/layers/dense_1',
    'a/norm': 'layers/batch_normalization',
    top: 'layers/dense',
  };

  it.each(['layers', '_layer_checkpoint_dependencies'])('with its weights under %s', async (list) => {
    const stock = nested();
    const weights = await saved(stock);
    const kept = Object.entries(folders).flatMap(([scope, folder]) =>
      Object.values(under(weights, scope)).map((array, i) => [
        `${folder.replaceAll('layers', list)}/vars/${i}`,
        array,
      ]),
    );
    const file = await kerasArchive(weights.topology, Object.fromEntries(kept));
    expectClose(await outputsOf(file, ROWS, 2), stockPrediction(stock, ROWS, [5, 3]));
  });
});

describe('a GRU, whose two biases are one of Keras’s', () => {
  const units = 2;
  const config = {
    class_name: 'Sequential',
    config: {
      name: 'model',
      layers: [
        { class_name: 'InputLayer', config: { name: 'start', batch_shape: [null, 3, 2] } },
        { class_name: 'GRU', config: { name: 'gru', units, reset_after: true, use_bias: true } },
        { class_name: 'Dropout', config: { name: 'end', rate: 0.5 } },
      ],
    },
  };
  const drawn = (...shape: number[]): KeptArray => ({
    shape,
    values: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) =>
      Math.sin(i * 3.7 + shape[0]!),
    ),
  });
  const [kernel, recurrentKernel, bias] = [drawn(2, 6), drawn(2, 6), drawn(2, 6)];
  const rows = Float32Array.from([0.3, -1, 2, 0.5, -0.7, 1.1]);

  it('in HDF5', async () => {
    const weights = { 'gru/kernel': kernel, 'gru/recurrent_kernel': recurrentKernel, 'gru/bias': bias };
    const cell = Object.entries(weights).map(([name, array]) => [name.replace('/', '/gru_cell/'), array]);
    const file = await wholeModel(config, { gru: Object.fromEntries(cell) });
    expectClose(await outputsOf(file, rows, 1), expected());
  });

  it('in a .keras archive', async () => {
    const at = 'layers/gru/cell/vars';
    const weights = { [`${at}/0`]: kernel, [`${at}/1`]: recurrentKernel, [`${at}/2`]: bias };
    const file = await kerasArchive(config, weights);
    expectClose(await outputsOf(file, rows, 1), expected());
  });

  /** Keras's formula with `reset_after`: gates z, r, then the candidate. */
  function expected(): number[] {
    const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
    const times = (vector: readonly number[], { values }: KeptArray, row: number) =>
      Array.from({ length: 6 }, (_, column) =>
        vector.reduce((sum, x, i) => sum + x * values[i * 6 + column]!, bias.values[row * 6 + column]!),
      );
    let state = [0, 0];
    for (let step = 0; step < 3; step++) {
      const ofInput = times([...rows.subarray(step * 2, step * 2 + 2)], kernel, 0);
      const ofState = times(state, recurrentKernel, 1);
      state = state.map((before, unit) => {
        const update = sigmoid(ofInput[unit]! + ofState[unit]!);
        const reset = sigmoid(ofInput[units + unit]! + ofState[units + unit]!);
        const candidate = Math.tanh(ofInput[2 * units + unit]! + reset * ofState[2 * units + unit]!);
        return update * before + (1 - update) * candidate;
      });
    }
    return state;
  }
});

describe('convolutions in a .keras archive', () => {
  it('number their kernels, and are counted by class', async () => {
    const stock = fillWeights(
      sequential({
        layers: [
          L.separableConv2d({ name: 'one', filters: 4, kernelSize: 3, inputShape: [7, 7, 2] }),
          L.depthwiseConv2d({ name: 'two', kernelSize: 2 }),
          L.conv2dTranspose({ name: 'three', filters: 3, kernelSize: 2 }),
          L.conv2dTranspose({ name: 'four', filters: 2, kernelSize: 3, strides: 2 }),
          L.prelu({ name: 'five', sharedAxes: [1, 2] }),
          L.globalAveragePooling2d({ name: 'six' }),
        ],
      }),
    );
    const weights = await saved(stock);
    const folders = {
      one: 'separable_conv2d',
      two: 'depthwise_conv2d',
      three: 'conv2d_transpose',
      four: 'conv2d_transpose_1',
      five: 'p_re_lu',
    };
    const kept = Object.entries(folders).flatMap(([scope, folder]) =>
      Object.values(under(weights, scope)).map((array, i) => [`layers/${folder}/vars/${i}`, array]),
    );
    const rows = Float32Array.from({ length: 98 }, (_, i) => Math.cos(i * 1.7));
    const file = await kerasArchive(weights.topology, Object.fromEntries(kept));
    expectClose(await outputsOf(file, rows, 1), stockPrediction(stock, rows, [7, 7, 2]));
  });
});
