import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { encodeInputs } from '../../../src/data/encode-inputs.ts';
import { decodeModelFile } from '../../../src/model-file.ts';
import { converted, faultsOf } from '../../foreign-model.ts';
import { hdf5Of, kerasArchive, wholeModel } from '../../keras-files.ts';
import { plain } from '../../pictures.ts';
import { zipOf } from '../../zip.ts';
import { sequential } from '../spec/topology-fixture.ts';

type Json = Record<string, unknown>;
interface Layer {
  class_name: string;
  config?: object;
}

const DENSE = {
  class_name: 'Dense',
  config: { units: 2, activation: 'softmax', batch_input_shape: [null, 3] },
};
const SPECS = [
  { name: 'layer_0/kernel', shape: [3, 2], dtype: 'float32' },
  { name: 'layer_0/bias', shape: [2], dtype: 'float32' },
];
const NUMBERS = [1, 2, 3, 4, 5, 6, 7, 8];

interface Saved {
  layers?: Layer[];
  specs?: Json[];
  paths?: string[];
  numbers?: number[];
  document?: Json;
}

/** A `model.json` and one shard. */
function files({
  layers = [DENSE],
  specs = SPECS,
  paths = ['shard'],
  numbers = NUMBERS,
  document,
}: Saved = {}) {
  const modelJson = document ?? {
    format: 'layers-model',
    modelTopology: sequential(...layers),
    weightsManifest: [{ paths, weights: specs }],
  };
  return {
    'model.json': Buffer.from(JSON.stringify(modelJson)),
    shard: Buffer.from(Float32Array.from(numbers).buffer),
  };
}

/** Layers without weights of a given input, which say all of a head. */
const headOf = (inputShape: number[], ...layers: Layer[]) =>
  files({
    layers: [{ class_name: 'InputLayer', config: { batch_input_shape: [null, ...inputShape] } }, ...layers],
    specs: [],
    numbers: [],
  });
const activation = (name: string): Layer => ({ class_name: 'Activation', config: { activation: name } });
const described = async (upload: Record<string, Uint8Array>, asked: object = {}) =>
  decodeModelFile(await converted(upload, asked));

describe('an import', () => {
  it('has its weights, layer by layer, and says how rows become its input', async () => {
    const { network, preprocess, weights } = await described(files());
    expect(network.layers).toMatchObject([
      { type: 'dense', name: 'layer_0', units: 2, activation: 'softmax' },
    ]);
    expect(weights['layer_0/kernel']).toEqual({ shape: [3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) });
    expect(weights['layer_0/bias']!.data).toEqual(Float32Array.of(7, 8));
    expect(preprocess).toMatchObject({
      task: 'classification',
      target: { type: 'category', classes: ['class_0', 'class_1'] },
      inputs: ['x1', 'x2', 'x3'].map((name) => ({ type: 'number', name, mean: 0, std: 1 })),
    });
  });

  it('reads a ZIP of the same, in a folder or not, deflated or stored', async () => {
    const plain = await converted(files());
    const inFolder = Object.fromEntries(
      Object.entries(files()).map(([name, bytes]) => [`net/${name}`, bytes]),
    );
    expect(await converted({ zip: zipOf(inFolder) })).toEqual(plain);
    expect(await converted({ zip: zipOf(files(), false) })).toEqual(plain);
  });

  it('has no more weights than a network can have', async () => {
    const specs = Array.from({ length: 20_001 }, (_, i) => ({ name: `w${i}`, shape: [0], dtype: 'float32' }));
    expect(await faultsOf(files({ specs, numbers: [] }))).toEqual([
      {
        pointer: '/model/weightsManifest',
        message: 'there are 20001 weights, and at most 20000 are taken',
      },
    ]);
  });

  it('keeps shards by the thousand, in one file', async () => {
    const numbers = Float32Array.from(NUMBERS);
    const paths = NUMBERS.map((_, i) => `shard-${i}`);
    const parts = Object.fromEntries(
      paths.map((path, i) => [path, Buffer.from(numbers.slice(i, i + 1).buffer)]),
    );
    const others = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`other-${i}`, Buffer.of(i)]));
    const { 'model.json': modelJson } = files({ paths });
    const descriptors = new Set<number>();
    const before = (await readdir('/proc/self/fd').catch(() => [])).length;
    const watching = setInterval(async () => {
      descriptors.add((await readdir('/proc/self/fd').catch(() => [])).length);
    }, 5);
    const ours = await converted({ zip: zipOf({ 'model.json': modelJson, ...others, ...parts }) });
    clearInterval(watching);
    expect(ours).toEqual(await converted(files()));
    expect(Math.max(0, ...descriptors) - before).toBeLessThan(100);
  });

  it('finds a shard by the last part of its path', async () => {
    expect(await converted(files({ paths: ['some/../where/shard'] }))).toEqual(await converted(files()));
  });

  it('doesn’t mind how weights were drawn at first', async () => {
    const config = { ...DENSE.config, kernel_initializer: { class_name: 'Mine', config: {} } };
    expect(await converted(files({ layers: [{ ...DENSE, config }] }))).toEqual(await converted(files()));
  });

  it('doesn’t mind that a call isn’t one of training, and refuses one that always is', async () => {
    const called = (training: boolean) => {
      const layers = [
        { name: 'start', class_name: 'InputLayer', config: { name: 'start', batch_shape: [null, 3] } },
        { name: 'end', class_name: 'Dropout', config: { name: 'end', rate: 0.5 } },
      ].map((layer, i) => ({ ...layer, inbound_nodes: i === 0 ? [] : [[['start', 0, 0, { training }]]] }));
      const config = { layers, input_layers: [['start', 0, 0]], output_layers: [['end', 0, 0]] };
      const modelTopology = { class_name: 'Functional', config };
      return files({
        document: { modelTopology, weightsManifest: [{ paths: ['shard'], weights: [] }] },
        numbers: [],
      });
    };
    expect(await faultsOf(called(false))).toEqual([]);
    expect(await faultsOf(called(true))).toMatchObject([
      { pointer: '/model/modelTopology/config/layers/1/inbound_nodes/0/0/3/training' },
    ]);
  });

  it('takes the sizes that the model leaves open', async () => {
    const open = { class_name: 'InputLayer', config: { batch_input_shape: [null, null, null, 3] } };
    const upload = files({
      layers: [open, { class_name: 'GlobalAveragePooling2D' }],
      specs: [],
      numbers: [],
    });
    const { network } = await described(upload, { inputShape: [4, 5, 3] });
    expect(network.inputShape).toEqual([4, 5, 3]);
    expect(await faultsOf(upload)).toMatchObject([
      { message: expect.stringContaining('[null, null, 3]: say “inputShape”') },
    ]);
    expect(await faultsOf(upload, { inputShape: [4, 5, 1] })).toMatchObject([{ pointer: '/inputShape' }]);
  });
});

describe('the head of an import', () => {
  it.each([
    ['softmax', 3, 'classification', 'category'],
    ['sigmoid', 3, 'multilabel', 'labels'],
    ['linear', 1, 'regression', 'number'],
  ])('with %s of %i is of a %s', async (name, units, task, type) => {
    const { preprocess } = await described(headOf([units], activation(name)));
    expect(preprocess).toMatchObject({ task, target: { type } });
  });

  it.each([
    ['a sigmoid of one', headOf([1], activation('sigmoid'))],
    ['several linear numbers', headOf([4], activation('linear'))],
    ['features', headOf([4], activation('relu'))],
    ['a picture', headOf([4, 4, 3], activation('softmax'))],
    ['several softmaxes beside each other', headOf([4, 3], activation('softmax'), { class_name: 'Flatten' })],
  ])('of %s suits no task, and is taken all the same', async (_, upload) => {
    expect((await described(upload)).preprocess).toMatchObject({ task: null, target: null });
    expect(await faultsOf(upload, { task: 'regression' })).toMatchObject([{ pointer: '/task' }]);
    expect(await faultsOf(upload, { classes: ['a', 'b'] })).toMatchObject([{ pointer: '/classes' }]);
  });

  it('predicts, whatever else another model could be trained for', async () => {
    for (const task of ['reconstruction', 'rotation', 'pairs', 'gan'])
      await expect(described(headOf([3], activation('linear')), { task })).rejects.toThrow('Invalid option');
  });

  it('of logits is of the task that is asked for', async () => {
    const { preprocess } = await described(headOf([3], activation('linear')), { task: 'classification' });
    expect(preprocess).toMatchObject({ task: 'classification', target: { classes: { length: 3 } } });
  });

  it('ends in logits where something stands upon its softmax', async () => {
    const upload = headOf([1, 1, 3], activation('softmax'), {
      class_name: 'Reshape',
      config: { target_shape: [3] },
    });
    const { network, preprocess } = await described(upload);
    expect(preprocess.task).toBe('classification');
    expect(network.layers).toMatchObject([{ activation: 'linear' }, { type: 'reshape' }]);
  });

  it('names its classes', async () => {
    const { preprocess } = await described(files(), { classes: ['no', 'yes'] });
    expect(preprocess.target).toMatchObject({ classes: ['no', 'yes'] });
    expect(await faultsOf(files(), { classes: ['no'] })).toEqual([
      { pointer: '/classes', message: 'names 1, and the model tells 2 apart' },
    ]);
    expect(await faultsOf(headOf([1], activation('linear')), { classes: ['no'] })).toMatchObject([
      { pointer: '/classes', message: expect.stringContaining('has no classes') },
    ]);
  });
});

describe('the input of an import', () => {
  const picture = headOf([4, 5, 3], { class_name: 'Flatten' });
  const inputOf = async (upload: Record<string, Uint8Array>, asked: object = {}) =>
    (await described(upload, asked)).preprocess.inputs;

  it.each([
    [{}, { scale: 1 / 255, mean: [0, 0, 0], std: [1, 1, 1] }],
    [{ input: 'zeroToOne' }, { scale: 1 / 255, mean: [0, 0, 0], std: [1, 1, 1] }],
    [{ input: 'minusOneToOne' }, { scale: 2 / 255, mean: [1, 1, 1], std: [1, 1, 1] }],
    [{ input: 'bytes' }, { scale: 1, mean: [0, 0, 0], std: [1, 1, 1] }],
    [{ input: { mean: [1, 2, 3], std: [4] } }, { scale: 1, mean: [1, 2, 3], std: [4, 4, 4] }],
  ])('that is a picture, with %j', async (asked, scaling) => {
    expect(await inputOf(picture, asked)).toEqual([
      { type: 'tensor', name: 'image', shape: [4, 5, 3], bytes: true, ...scaling, fit: 'cover' },
    ]);
  });

  it('takes a picture’s file of any size, whatever its scale', async () => {
    const { preprocess } = await described(picture, { input: 'minusOneToOne' });
    const white = await plain({ height: 9, width: 7, colour: [255, 255, 255] })
      .png()
      .toBuffer();
    const { x } = await encodeInputs(preprocess, [white.toString('base64')]);
    expect([...x]).toEqual(Array(4 * 5 * 3).fill(1));
  });

  it('that is a sequence is taken as it is', async () => {
    expect(await inputOf(headOf([7, 2], { class_name: 'Flatten' }))).toMatchObject([
      { type: 'tensor', name: 'sequence', shape: [7, 2], scale: 1 },
    ]);
  });

  it('that is a list of numbers has its columns’ names, or is scaled as a whole', async () => {
    expect(await inputOf(files(), { inputs: ['a', 'b', 'c'] })).toMatchObject([
      { name: 'a' },
      { name: 'b' },
      { name: 'c' },
    ]);
    expect(await inputOf(files(), { input: 'zeroToOne' })).toMatchObject([
      { type: 'tensor', name: 'values', shape: [3], mean: [0, 0, 0] },
    ]);
  });

  it('is refused with other names and scales than it has room for', async () => {
    expect(await faultsOf(files(), { inputs: ['a'] })).toMatchObject([{ pointer: '/inputs' }]);
    expect(await faultsOf(picture, { inputs: ['a', 'b'] })).toMatchObject([{ pointer: '/inputs' }]);
    const scaled = await faultsOf(picture, { input: { mean: [1, 2], std: [1, 2] } });
    expect(scaled.map(({ pointer }) => pointer)).toEqual(['/input/mean', '/input/std']);
  });
});

describe('what can’t be taken', () => {
  const faultless: Saved = {};
  const cases: Record<string, [upload: Record<string, Uint8Array>, pointer: string, message: RegExp]> = {
    'a file of something else': [{ model: Buffer.from('hello') }, '/model', /is neither a model.json/],
    'an empty file': [{ model: Buffer.alloc(0) }, '/model', /is neither/],
    'broken JSON': [{ model: Buffer.from('{ "modelTopology": ') }, '/model', /isn’t JSON/],
    'JSON of something else': [
      { model: Buffer.from('{"a":1}') },
      '/model/modelTopology',
      /has its layers here/,
    ],
    'a graph model': [
      files({ document: { format: 'graph-model', modelTopology: {}, weightsManifest: [] } }),
      '/model/format',
      /has no layers/,
    ],
    'a model without a manifest': [
      files({ document: { modelTopology: sequential(DENSE) } }),
      '/model/weightsManifest',
      /expected array/,
    ],
    'a manifest that is a number': [
      files({ document: { modelTopology: sequential(DENSE), weightsManifest: 7 } }),
      '/model/weightsManifest',
      /expected array/,
    ],
    'a missing shard': [
      files({ paths: ['shard', 'other'] }),
      '/model/weightsManifest/0/paths/1',
      /no part “weights” whose file is named “other”/,
    ],
    'a shard’s name that leads elsewhere': [
      files({ paths: ['../../../../etc/passwd'] }),
      '/model/weightsManifest/0/paths/0',
      /named “passwd”/,
    ],
    'a shard that is cut off': [
      files({ numbers: NUMBERS.slice(1) }),
      '/model/weightsManifest/0/paths',
      /have 28 bytes, and the weights take 32/,
    ],
    'a shard that has too much': [
      files({ numbers: [...NUMBERS, 9] }),
      '/model/weightsManifest/0/paths',
      /have 36 bytes/,
    ],
    'a type that there isn’t': [
      files({ specs: [{ ...SPECS[0]!, dtype: 'string' }, SPECS[1]!] }),
      '/model/weightsManifest/0/weights/0/dtype',
      /must be float32, float16, int32 or bool/,
    ],
    'a shape below nothing': [
      files({ specs: [{ ...SPECS[0]!, shape: [-3, 2] }, SPECS[1]!] }),
      '/model/weightsManifest/0/weights/0/shape/0',
      /.*/,
    ],
    'weights of another layer': [
      files({ specs: [{ ...SPECS[0]!, name: 'other/kernel' }, SPECS[1]!] }),
      '/model/modelTopology/config/layers/0',
      /layer “layer_0”: its kernel isn’t among the weights/,
    ],
    'weights of another shape': [
      files({ specs: [{ ...SPECS[0]!, shape: [2, 3] }, SPECS[1]!] }),
      '/model/modelTopology/config/layers/0',
      /its kernel is \[2, 3\], and must be \[3, 2\]/,
    ],
    'a number that is none': [
      files({ numbers: [Number.NaN, ...NUMBERS.slice(1)] }),
      '/model',
      /layer_0\/kernel/,
    ],
    'a layer that there isn’t': [
      files({ layers: [{ class_name: 'MultiHeadAttention', config: {} }] }),
      '/model/modelTopology/config/layers/0/class_name',
      /has no layer here/,
    ],
    'layers that don’t fit together': [
      files({ layers: [DENSE, { class_name: 'Conv2D', config: { filters: 1, kernel_size: [3, 3] } }] }),
      '/model/modelTopology/config/layers/1',
      /wants 3 dimensions/,
    ],
    'a pooling of too many axes': [
      headOf([4, 4, 3], { class_name: 'GlobalAveragePooling1D' }),
      '/model/modelTopology/config/layers/1',
      /takes inputs of 2 dimensions/,
    ],
    'a ZIP of something else': [
      { zip: zipOf({ 'readme.txt': 'hello' }) },
      '/model',
      /neither a model.json nor/,
    ],
    'a ZIP that is cut off': [{ zip: zipOf(files()).subarray(0, 200) }, '/model', /the ZIP can’t be read/],
    'a ZIP whose names lead elsewhere': [
      { zip: zipOf({ '../model.json': files()['model.json'] }) },
      '/model',
      /the ZIP can’t be read/,
    ],
    'a .keras archive without its weights': [
      { zip: zipOf({ 'config.json': JSON.stringify(sequential(DENSE)) }) },
      '/model/model.weights.h5',
      /has no model.weights.h5/,
    ],
  };

  it.each(Object.keys(cases))('%s', async (name) => {
    const [upload, pointer, message] = cases[name]!;
    const found = await faultsOf(upload);
    expect(found[0]?.pointer).toBe(pointer);
    expect(found[0]?.message).toMatch(message);
  });

  it('more than is allowed: unpacked, and as float32', async () => {
    const zip = zipOf({ ...files(faultless), zeros: Buffer.alloc(100_000) });
    expect(zip.length).toBeLessThan(2_000);
    await expect(converted({ zip }, {}, 10_000)).rejects.toThrow('more bytes than are allowed');
    const units = 3_000;
    const specs = [
      { name: 'layer_0/kernel', shape: [3, units], dtype: 'float32' },
      { name: 'layer_0/bias', shape: [units], dtype: 'float32' },
    ].map((spec) => ({ ...spec, quantization: { dtype: 'uint8', min: 0, scale: 1 } }));
    const quantized = files({ layers: [{ ...DENSE, config: { ...DENSE.config, units } }], specs });
    const upload = { ...quantized, shard: Buffer.alloc(4 * units) };
    expect(await faultsOf(upload, {}, 20_000)).toEqual([
      { pointer: '/model', message: 'its weights have 48000 bytes as float32, and at most 20000 are taken' },
    ]);
  });
});

describe('what HDF5 can’t be taken', () => {
  const config = sequential(DENSE);
  const kernel = { shape: [3, 2], values: Float32Array.from(NUMBERS.slice(0, 6)) };
  const bias = { shape: [2], values: Float32Array.of(7, 8) };
  const whole = () => wholeModel(config, { layer_0: { 'layer_0/kernel:0': kernel, 'layer_0/bias:0': bias } });

  it('a file without its layers', async () => {
    const file = await hdf5Of((hdf5) => hdf5.create_group('layer_0'));
    expect(await faultsOf({ file })).toMatchObject([
      { pointer: '/model/model_config', message: expect.stringContaining('save the whole model') },
    ]);
  });

  it('a file without its weights', async () => {
    const file = await hdf5Of((hdf5) => hdf5.create_attribute('model_config', JSON.stringify(config)));
    expect(await faultsOf({ file })).toMatchObject([{ pointer: '/model/model_weights' }]);
  });

  it('weights that are missing, or whole numbers', async () => {
    const missing = await wholeModel(config, { layer_0: { 'layer_0/kernel:0': kernel } });
    expect(await faultsOf({ missing })).toMatchObject([
      { pointer: '/model/model_config/config/layers/0', message: expect.stringContaining('its bias isn’t') },
    ]);
    const ints = await hdf5Of((hdf5) => {
      hdf5.create_attribute('model_config', JSON.stringify(config));
      hdf5.create_group('model_weights').create_attribute('layer_names', ['layer_0']);
      hdf5.create_group('model_weights/layer_0').create_attribute('weight_names', ['k']);
      hdf5.create_dataset({ name: 'model_weights/layer_0/k', data: new Int32Array(6), shape: [3, 2] });
    });
    expect(await faultsOf({ ints })).toMatchObject([
      { message: expect.stringContaining('float32 or float64') },
    ]);
  });

  it('weights that lie in another file', async () => {
    const file = await hdf5Of((hdf5) => {
      hdf5.create_attribute('model_config', JSON.stringify(config));
      hdf5.create_group('model_weights').create_attribute('layer_names', ['layer_0']);
      hdf5.create_external_link('/etc/passwd', '/x', 'model_weights/layer_0');
    });
    expect((await faultsOf({ file })).length).toBeGreaterThan(0);
  });

  it('a .keras archive whose weights are elsewhere', async () => {
    const file = await kerasArchive(config, { 'layers/dense_7/vars/0': kernel });
    expect(await faultsOf({ file })).toMatchObject([
      { pointer: '/model/config.json/config/layers/0' },
      { pointer: '/model/config.json/config/layers/0' },
    ]);
  });

  it('a file that is cut off or broken anywhere is told, and nothing else happens', async () => {
    const file = await whole();
    expect(await faultsOf({ file })).toEqual([]);
    for (let end = 8; end < file.length; end += 211)
      expect((await faultsOf({ file: file.subarray(0, end) })).length, `cut at ${end}`).toBeGreaterThan(0);
    for (let at = 8; at < file.length; at += 97) {
      const broken = Buffer.from(file);
      broken[at]! ^= 0xff;
      // It may be a number's byte, or none that matters: then it is read.
      await faultsOf({ broken });
    }
    expect(await faultsOf({ file })).toEqual([]);
  });
});
