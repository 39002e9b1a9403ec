import { describe, expect, it } from 'vitest';
import { hiddenLayers } from '../../../src/spec/expand.ts';
import { readTopology } from '../../../src/spec/keras/topology.ts';
import { ModelSpec } from '../../../src/spec/model.ts';
import { inferShapes } from '../../../src/spec/shapes.ts';
import { camelCased, functional, type GraphLayer, sequential, topologyFixture } from './topology-fixture.ts';

const ofTopology = (topology: unknown, rest: object = {}) =>
  hiddenLayers(ModelSpec.parse({ topology, ...rest }));
const ofList = (...layers: object[]) => hiddenLayers(ModelSpec.parse({ layers }));

function faults(topology: object): Record<string, string> {
  const found = readTopology(topology as Record<string, unknown>).faults;
  return Object.fromEntries(found.map(({ path, message }) => [`/${path.join('/')}`, message]));
}

describe('real topologies', () => {
  it('are the layers that a list would say: a wide and deep net of Keras 2', () => {
    const topology = topologyFixture('wide-and-deep.keras2');
    const hidden = { type: 'dense', units: 30, activation: 'relu', initializer: 'heNormal' };
    expect(ofTopology(topology)).toEqual(
      ofList(
        { ...hidden, name: 'dense' },
        { ...hidden, name: 'dense_1' },
        { type: 'concat', name: 'concatenate', inputs: ['input', 'dense_1'] },
        { type: 'dense', name: 'strength', units: 1, initializer: 'glorotUniform' },
      ),
    );
    expect(readTopology(topology).input).toEqual({
      shape: [8],
      path: ['config', 'layers', 0, 'config', 'batch_input_shape'],
    });
  });

  it('are the layers that a list would say: a residual net of Keras 3', () => {
    const conv = (name: string, filters: number, kernelSize: number, strides: number, input?: string) => ({
      type: 'conv2d',
      name,
      ...(input && { inputs: [input] }),
      filters,
      kernelSize: [kernelSize, kernelSize],
      strides: [strides, strides],
      padding: 'same',
      useBias: false,
      initializer: 'heNormal',
      l2: 0.0001,
    });
    const norm = (n: string, input?: string) => ({
      type: 'batchNorm',
      name: `batch_normalization${n}`,
      momentum: 0.9,
      ...(input && { inputs: [input] }),
    });
    expect(ofTopology(topologyFixture('residual.keras3'))).toEqual(
      ofList(
        { type: 'reshape', name: 'reshape', shape: [8, 8, 1] },
        conv('conv2d', 8, 3, 1),
        norm(''),
        { type: 'activation', name: 'activation', activation: 'relu' },
        conv('conv2d_1', 16, 3, 2),
        norm('_1'),
        { type: 'activation', name: 'activation_1', activation: 'relu' },
        conv('conv2d_2', 16, 3, 1),
        conv('conv2d_3', 16, 1, 2, 'activation'),
        norm('_2', 'conv2d_2'),
        norm('_3', 'conv2d_3'),
        { type: 'add', name: 'add', inputs: ['batch_normalization_2', 'batch_normalization_3'] },
        { type: 'activation', name: 're_lu', activation: 'relu' },
        { type: 'globalAvgPool', name: 'global_average_pooling2d' },
        { type: 'dropout', name: 'dropout', rate: 0.1 },
        { type: 'dense', name: 'dense', units: 10, activation: 'softmax', initializer: 'glorotUniform' },
      ),
    );
  });

  it('have the shapes of MobileNetV2’s first blocks, from a model.json', () => {
    const shapes = inferShapes([32, 32, 3], ofTopology(topologyFixture('mobilenet.tfjs')));
    const shapeOf = (name: string) => shapes.find((layer) => layer.name === name)?.outputShape;
    expect(shapes).toHaveLength(29);
    expect(shapeOf('Conv1_pad')).toEqual([33, 33, 3]);
    expect(shapeOf('Conv1')).toEqual([16, 16, 16]);
    expect(shapeOf('expanded_conv_project_BN')).toEqual([16, 16, 8]);
    expect(shapeOf('block_1_expand_relu')).toEqual([16, 16, 48]);
    expect(shapeOf('block_1_depthwise')).toEqual([8, 8, 48]);
    expect(shapeOf('block_2_add')).toEqual([8, 8, 8]);
    expect(shapeOf('Logits')).toEqual([3]);
    const layer = ofTopology(topologyFixture('mobilenet.tfjs')).find(({ name }) => name === 'Conv1_relu');
    expect(layer).toMatchObject({ activation: 'relu6' });
  });

  it.each(['wide-and-deep.keras2', 'residual.keras3', 'mobilenet.tfjs'] as const)(
    'may be in camel case as well: %s',
    (name) => {
      const topology = topologyFixture(name);
      expect(ofTopology(camelCased(topology))).toEqual(ofTopology(topology));
    },
  );

  it('points to an option as it was written', () => {
    const conv = { class_name: 'Conv2D', config: { filters: 2, kernel_size: 3, dilation_rate: [2, 2] } };
    expect(faults(sequential(conv))).toEqual({
      '/config/layers/0/config/dilation_rate': expect.stringContaining('dilated'),
    });
    expect(Object.keys(faults(camelCased(sequential(conv)) as object))).toEqual([
      '/config/layers/0/config/dilationRate',
    ]);
  });
});

const input: GraphLayer = { name: 'x', class_name: 'InputLayer', config: { batch_shape: [null, 4] } };
const dense = (name: string, takes: string[], units = 3): GraphLayer => ({
  name,
  class_name: 'Dense',
  config: { units },
  takes,
});
const names = (topology: object) => ofTopology(topology).map(({ name, inputs }) => [name, inputs]);

describe('a graph', () => {
  it('is put in order, and otherwise left as it stands', () => {
    const layers = [
      dense('b', ['a']),
      dense('a', ['x']),
      { name: 'sum', class_name: 'Add', takes: ['b', 'c'] },
      dense('c', ['x']),
      input,
      dense('out', ['sum']),
    ];
    expect(names(functional(...layers))).toEqual([
      ['a', undefined],
      ['b', undefined],
      ['c', ['input']],
      ['sum', ['b', 'c']],
      ['out', undefined],
    ]);
  });

  it('has its output last even where the file has it first', () => {
    const topology = functional(dense('out', ['a']), input, dense('a', ['x']));
    topology.config.output_layers = [['out', 0, 0]];
    expect(names(topology).map(([name]) => name)).toEqual(['a', 'out']);
  });

  it('may be a chain, with or without an InputLayer, or the bare list of the first Keras', () => {
    const shape = { batch_input_shape: [null, 4] };
    const [first, last] = [
      { class_name: 'Dense', config: { units: 3 } },
      { class_name: 'Dense', config: { units: 1 } },
    ];
    const shaped = sequential({ ...first, config: { ...first.config, ...shape } }, last);
    const withInput = sequential({ class_name: 'InputLayer', config: shape }, first, last);
    const bare = { ...shaped, config: (shaped.config as { layers: unknown[] }).layers };
    expect(names(shaped)).toEqual([
      ['layer_0', undefined],
      ['layer_1', undefined],
    ]);
    expect(names(withInput).map(([name]) => name)).toEqual(['layer_1', 'layer_2']);
    expect(names(bare)).toEqual(names(shaped));
    for (const topology of [shaped, withInput, bare])
      expect(readTopology(topology as Record<string, unknown>).input?.shape).toEqual([4]);
  });

  it('takes models within it apart', () => {
    const base = functional({ ...input, name: 'base_input' }, dense('base_1', ['base_input']), {
      name: 'base_out',
      class_name: 'Add',
      takes: ['base_1', 'base_1'],
    });
    const inner: GraphLayer = { name: 'base', class_name: 'Functional', config: base.config, takes: ['x'] };
    const head = sequential({ class_name: 'Dropout', config: { rate: 0.5 } }).config as object;
    const topology = functional(
      input,
      inner,
      { name: 'head', class_name: 'Sequential', config: head, takes: ['base'] },
      dense('out', ['head'], 1),
    );
    expect(names(topology)).toEqual([
      ['base_1', undefined],
      ['base_out', ['base_1', 'base_1']],
      ['layer_0', undefined],
      ['out', undefined],
    ]);
    const { layers } = readTopology(topology);
    expect(layers[0]!.path).toEqual(['config', 'layers', 1, 'config', 'layers', 1]);
    const asFirst = { class_name: 'Functional', config: { ...base.config, name: 'base' } };
    expect(names(sequential(asFirst, { class_name: 'Dense', config: { units: 1 } }))).toHaveLength(3);
  });

  it('gives its layers names that weights can have', () => {
    const layers = ofTopology(functional(input, dense('conv1/bn', ['x']), dense('out.1', ['conv1/bn'])));
    expect(layers.map(({ name }) => name)).toEqual(['conv1_bn', 'out_1']);
  });

  it('gives the model’s penalties to layers without their own', () => {
    const own = { kernel_regularizer: { class_name: 'L2', config: { l2: 0.5 } } };
    const topology = sequential(
      { class_name: 'Dense', config: { units: 3, ...own } },
      { class_name: 'Dense', config: { units: 3 } },
      { class_name: 'Flatten' },
    );
    expect(ofTopology(topology, { l2: 0.1, maxNorm: 2 })).toMatchObject([
      { l2: 0.5, maxNorm: 2 },
      { l2: 0.1, maxNorm: 2 },
      { type: 'flatten' },
    ]);
  });
});

describe('a graph that can’t be taken', () => {
  const out = dense('out', ['a'], 1);
  const twice = (layer: GraphLayer) => {
    const topology = functional(input, dense('a', ['x']), layer);
    topology.config.layers[2]!.inbound_nodes = [[['a', 0, 0, {}]], [['x', 0, 0, {}]]];
    return topology;
  };
  const changed = (change: (config: ReturnType<typeof functional>['config']) => void) => {
    const topology = functional(input, dense('a', ['x']), out);
    change(topology.config);
    return topology;
  };
  const call = (inbound: unknown) =>
    changed(({ layers }) => {
      layers[1]!.inbound_nodes = inbound;
    });

  it.each<[string, object, string, RegExp]>([
    ['a layer that is called twice', twice(out), '/config/layers/2/inbound_nodes', /called 2 times.*share/],
    [
      'two inputs',
      functional(input, { ...input, name: 'z' }, dense('a', ['x']), dense('b', ['z']), {
        name: 'sum',
        class_name: 'Add',
        takes: ['a', 'b'],
      }),
      '/config/input_layers',
      /“x”, “z”: give it one InputLayer of all columns/,
    ],
    ['no input', functional(dense('a', ['out']), out), '/config/layers', /no InputLayer/],
    [
      'two outputs',
      changed((config) => {
        config.output_layers = [
          ['a', 0, 0],
          ['out', 0, 0],
        ];
      }),
      '/config/output_layers',
      /one output.*“a”, “out”/,
    ],
    [
      'an output that isn’t there',
      changed((config) => {
        config.output_layers = ['nope', 0, 0];
      }),
      '/config/output_layers/0',
      /“nope”/,
    ],
    [
      'a layer that isn’t there',
      call([[['nope', 0, 0, {}]]]),
      '/config/layers/1/inbound_nodes/0/0/0',
      /“nope”/,
    ],
    ['a layer that takes nothing', call([]), '/config/layers/1/inbound_nodes', /nothing/],
    [
      'a layer’s second output',
      call([[['x', 0, 1, {}]]]),
      '/config/layers/1/inbound_nodes/0/0/2',
      /output 1/,
    ],
    [
      'options of a call in Keras 2',
      call([[['x', 0, 0, { training: false }]]]),
      '/config/layers/1/inbound_nodes/0/0/3/training',
      /stage/,
    ],
    [
      'options of a call in Keras 3',
      call([{ args: [['x', 0, 0]], kwargs: { training: true, mask: null } }]),
      '/config/layers/1/inbound_nodes/0/kwargs/training',
      /options/,
    ],
    [
      'a number among the inputs',
      call([{ args: [['x', 0, 0], 2], kwargs: {} }]),
      '/config/layers/1/inbound_nodes/0/args/1',
      /isn’t the output of a layer/,
    ],
    [
      'a circle',
      functional(input, dense('a', ['b']), dense('b', ['a'])),
      '/config/layers/1',
      /its own output/,
    ],
    [
      'a layer beside the way to the output',
      functional(input, dense('a', ['x']), dense('b', ['a']), dense('out', ['a'])),
      '/config/layers/2',
      /doesn’t lead/,
    ],
    ['no layer', sequential(), '', /no layer/],
    [
      'two layers of one name',
      functional(input, dense('a', ['x']), dense('a', ['x'])),
      '/config/layers/2/name',
      /“a”/,
    ],
    [
      'two names that become one',
      functional(input, dense('a/b', ['x']), dense('a_b', ['a/b'])),
      '/config/layers/2/name',
      /“a_b”/,
    ],
    [
      'a layer named input',
      functional(input, dense('input', ['x'])),
      '/config/layers/1/name',
      /network’s own/,
    ],
    [
      'a name that starts with a digit',
      functional(input, dense('1x', ['x'])),
      '/config/layers/1/name',
      /a letter/,
    ],
    [
      'a layer without a name',
      { class_name: 'Sequential', config: [{ class_name: 'Flatten', config: {} }] },
      '/config/0/config/name',
      /name/,
    ],
    [
      'an unknown class',
      sequential({ class_name: 'Lambda' }),
      '/config/layers/0/class_name',
      /“Lambda”.*Dense, Conv1D/,
    ],
    [
      'a class of Object’s',
      sequential({ class_name: 'constructor' }),
      '/config/layers/0/class_name',
      /“constructor”/,
    ],
    [
      'two inputs of one dense layer',
      sequential({ class_name: 'Add' }),
      '/config/layers/0/inbound_nodes',
      /Add can’t take 1/,
    ],
    [
      'sparse inputs',
      sequential({ class_name: 'InputLayer', config: { sparse: true } }),
      '/config/layers/0/config/sparse',
      /sparse/,
    ],
    [
      'a model of another kind',
      { class_name: 'MyModel', config: {} },
      '/class_name',
      /Functional, Model or Sequential/,
    ],
    ['no model', { format: 'graph-model', modelTopology: { node: [] } }, '/', /graph model/],
    [
      'layers that are no list',
      { class_name: 'Sequential', config: { layers: 3 } },
      '/config/layers',
      /list/,
    ],
    ['no config', { class_name: 'Functional' }, '/config/layers', /list/],
    ['a layer that is none', { class_name: 'Sequential', config: [3] }, '/config/0', /object/],
    [
      'too many layers',
      sequential(...Array.from({ length: 2_001 }, () => ({ class_name: 'Flatten' }))),
      '/config/layers',
      /2000 layers/,
    ],
  ])('tells of %s', (_, topology, pointer, message) => {
    const found = faults(topology);
    expect(found).toHaveProperty([pointer === '' ? '/' : pointer], expect.stringMatching(message));
  });

  it('tells of models that lie in one another without end, and of shared ones', () => {
    let nested: object = { name: 'last', class_name: 'Flatten', config: {} };
    for (let level = 0; level < 12; level++)
      nested = { class_name: 'Sequential', config: { name: `m${level}`, layers: [nested] } };
    expect(JSON.stringify(faults(nested))).toMatch(/more than 8 deep/);
    for (let level = 0; level < 10_000; level++) nested = { nested };
    expect(faults(nested)).toEqual({ '/': expect.stringContaining('64 levels') });
    const model = sequential({ class_name: 'Flatten' }).config as object;
    const shared = twice({ name: 'inner', class_name: 'Sequential', config: model, takes: ['a'] });
    expect(faults(shared)).toHaveProperty(['/config/layers/2/inbound_nodes']);
  });

  it('is quick about the largest', () => {
    const layers = Array.from({ length: 1_998 }, (_, i) => dense(`d${i}`, [i === 0 ? 'x' : `d${i - 1}`]));
    const start = performance.now();
    expect(readTopology(functional(input, ...layers)).layers).toHaveLength(1_998);
    const backwards = functional(...layers.toReversed(), input);
    backwards.config.output_layers = [['d1997', 0, 0]];
    expect(readTopology(backwards).layers.at(-1)!.layer.name).toBe('d1997');
    expect(performance.now() - start).toBeLessThan(3_000);
  });
});

describe('a model', () => {
  const topology = topologyFixture('wide-and-deep.keras2');
  it.each([
    ['neither layers nor a topology', {}, ['layers']],
    ['layers and a topology', { layers: [], topology }, ['topology']],
    ['an output beside a topology', { topology, output: {} }, ['output']],
    ['a topology with a fault', { topology: {} }, ['topology']],
  ])('refuses %s', (_, model, path) => {
    expect(ModelSpec.safeParse(model).error?.issues.map((issue) => issue.path)).toEqual([path]);
  });
});
