import { input, type layers as kinds, layers as L, model, sequential } from '@tensorflow/tfjs-layers';
import { beforeAll, expect, it } from 'vitest';
import { startBackend } from '../../src/engine/backends/start.ts';
import { deterministicPass } from '../../src/engine/predict/passes.ts';
import { loadModel } from '../../src/engine/predict/trained-model.ts';
import { converted } from '../foreign-model.ts';
import { fillWeights, saved, stockPrediction, tfjsFiles } from '../stock-model.ts';

/** Every layer of TensorFlow.js's own that has one here, imported with its weights, puts out the same numbers. */

beforeAll(() => startBackend('cpu'));

type Layer = Parameters<Model['add']>[0];
type Model = ReturnType<typeof sequential>;

/** `dataSync` of an orthogonal matrix isn't there without the union package. */
const recurrent = { recurrentInitializer: 'glorotUniform', recurrentActivation: 'sigmoid' } as const;

const VECTOR = [6];
const SEQUENCE = [7, 3];
const PICTURE = [8, 6, 3];

const LAYERS: Record<string, [shape: number[], layer: () => Layer]> = {
  dense: [VECTOR, () => L.dense({ units: 4, activation: 'tanh' })],
  'dense without a bias': [VECTOR, () => L.dense({ units: 4, useBias: false })],
  conv1d: [SEQUENCE, () => L.conv1d({ filters: 4, kernelSize: 3, strides: 2, padding: 'same' })],
  conv2d: [
    PICTURE,
    () => L.conv2d({ filters: 4, kernelSize: [3, 2], strides: 2, padding: 'same', activation: 'relu' }),
  ],
  'conv2d, valid': [PICTURE, () => L.conv2d({ filters: 2, kernelSize: 3 })],
  conv2dTranspose: [
    PICTURE,
    () => L.conv2dTranspose({ filters: 4, kernelSize: 3, strides: 2, padding: 'same' }),
  ],
  'conv2dTranspose, valid': [
    PICTURE,
    () => L.conv2dTranspose({ filters: 2, kernelSize: [3, 2], padding: 'valid' }),
  ],
  depthwiseConv2d: [PICTURE, () => L.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding: 'same' })],
  separableConv2d: [PICTURE, () => L.separableConv2d({ filters: 5, kernelSize: 3 })],
  maxPooling1d: [SEQUENCE, () => L.maxPooling1d({ poolSize: 2 })],
  averagePooling1d: [SEQUENCE, () => L.averagePooling1d({ poolSize: 3, strides: 1, padding: 'same' })],
  maxPooling2d: [PICTURE, () => L.maxPooling2d({ poolSize: [2, 3] })],
  averagePooling2d: [PICTURE, () => L.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' })],
  globalMaxPooling1d: [SEQUENCE, () => L.globalMaxPooling1d({})],
  globalAveragePooling1d: [SEQUENCE, () => L.globalAveragePooling1d({})],
  globalMaxPooling2d: [PICTURE, () => L.globalMaxPooling2d({})],
  globalAveragePooling2d: [PICTURE, () => L.globalAveragePooling2d({})],
  upSampling2d: [PICTURE, () => L.upSampling2d({ size: [2, 3] })],
  zeroPadding2d: [
    PICTURE,
    () =>
      L.zeroPadding2d({
        padding: [
          [0, 1],
          [2, 1],
        ],
      }),
  ],
  reshape: [PICTURE, () => L.reshape({ targetShape: [12, 12] })],
  batchNormalization: [PICTURE, () => L.batchNormalization({ epsilon: 0.01 })],
  'batchNormalization without a scale': [VECTOR, () => L.batchNormalization({ scale: false })],
  'batchNormalization without an offset': [SEQUENCE, () => L.batchNormalization({ center: false })],
  layerNormalization: [SEQUENCE, () => L.layerNormalization({})],
  'activation relu6': [VECTOR, () => L.reLU({ maxValue: 6 })],
  'activation softmax': [SEQUENCE, () => L.softmax({ axis: -1 })],
  'activation elu': [VECTOR, () => L.elu({})],
  'activation selu': [VECTOR, () => L.activation({ activation: 'selu' })],
  leakyReLU: [VECTOR, () => L.leakyReLU({ alpha: 0.13 })],
  'prelu of a vector': [VECTOR, () => L.prelu({})],
  'prelu, shared over a picture': [PICTURE, () => L.prelu({ sharedAxes: [1, 2] })],
  dropout: [VECTOR, () => L.dropout({ rate: 0.4 })],
  gaussianNoise: [VECTOR, () => L.gaussianNoise({ stddev: 0.4 })],
  simpleRNN: [SEQUENCE, () => L.simpleRNN({ units: 4, recurrentInitializer: 'glorotUniform' })],
  lstm: [SEQUENCE, () => L.lstm({ units: 4, ...recurrent })],
  'lstm, whole sequence': [SEQUENCE, () => L.lstm({ units: 4, returnSequences: true, ...recurrent })],
  'lstm, backwards': [SEQUENCE, () => L.lstm({ units: 4, goBackwards: true, ...recurrent })],
  ...Object.fromEntries(
    (['concat', 'sum', 'mul', 'ave'] as const).map((mergeMode) => [
      `bidirectional lstm, ${mergeMode}`,
      [SEQUENCE, () => L.bidirectional({ layer: L.lstm({ units: 3, ...recurrent }) as never, mergeMode })],
    ]),
  ),
  'bidirectional, whole sequences': [
    SEQUENCE,
    () =>
      L.bidirectional({
        layer: L.simpleRNN({
          units: 3,
          returnSequences: true,
          recurrentInitializer: 'glorotUniform',
        }) as never,
        mergeMode: 'concat',
      }),
  ],
};

it.each(Object.keys(LAYERS))('%s', async (name) => {
  const [shape, layer] = LAYERS[name]!;
  await expectSame(chain(shape, layer()), shape);
});

it('ids through an embedding', async () => {
  const embedding = L.embedding({ inputDim: 9, outputDim: 4, inputLength: 5 });
  await expectSame(sequential({ layers: [embedding, L.flatten()] }), [5], Float32Array.of(0, 8, 3, 3, 7));
});

it.each(['add', 'multiply', 'average', 'maximum', 'concatenate'] as const)(
  'branches that %s joins',
  async (kind) => {
    const start = input({ shape: PICTURE });
    const branch = (filters: number) =>
      L.conv2d({ filters, kernelSize: 3, padding: 'same' }).apply(start) as kinds.Layer['output'];
    const joined = L[kind]().apply([branch(4), branch(4)] as never);
    await expectSame(model({ inputs: start, outputs: L.flatten().apply(joined) as never }) as Model, PICTURE);
  },
);

it('a model within a model', async () => {
  const inner = sequential({
    name: 'inner',
    layers: [L.dense({ units: 4, inputShape: VECTOR, activation: 'relu' }), L.batchNormalization()],
  });
  await expectSame(chain(VECTOR, inner, L.dense({ units: 3 })), VECTOR);
});

/** Ends in a layer that changes no number, so that what the layers themselves put out is seen. */
function chain(shape: number[], ...layers: Layer[]): Model {
  const chained = sequential({ layers: [L.inputLayer({ inputShape: shape }), ...layers] });
  chained.add(chained.outputs[0]!.rank > 2 ? L.flatten() : L.dropout({ rate: 0.5 }));
  return chained;
}

async function expectSame(stock: Model, shape: number[], rows = numbers(3, shape)): Promise<void> {
  fillWeights(stock);
  const ours = loadModel(await converted(tfjsFiles(await saved(stock), 100), { input: 'bytes' }));
  const count = rows.length / shape.reduce((a, b) => a * b, 1);
  const found = await deterministicPass(ours.network, ours.weights, rows, count);
  const expected = stockPrediction(stock, rows, shape);
  expect(found).toHaveLength(expected.length);
  for (const [i, number] of expected.entries()) expect(found[i]).toBeCloseTo(number, 5);
  ours.dispose();
  stock.dispose();
}

function numbers(count: number, shape: readonly number[]): Float32Array {
  const size = shape.reduce((a, b) => a * b, count);
  return Float32Array.from({ length: size }, (_, i) => Math.cos(i * 7.13) * 2);
}
