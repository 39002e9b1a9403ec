import { describe, expect, it, test } from 'vitest';
import { expandModel } from '../../../src/spec/expand.ts';
import { ListedLayer } from '../../../src/spec/listed-layer.ts';
import { ModelSpec } from '../../../src/spec/model.ts';
import { resolveNetwork } from '../../../src/spec/network.ts';
import { inferShapes } from '../../../src/spec/shapes.ts';
import { inputsOf, unusedLayers } from '../../../src/spec/wiring.ts';

const expand = (layers: unknown[], model: object = {}) => expandModel(ModelSpec.parse({ layers, ...model }));
const dense = (more: object = {}) => ({ type: 'dense', units: 4, ...more });
const brief = (layers: unknown[], model?: object) =>
  expand(layers, model).map(({ layer, path }) => [layer.name, layer.inputs, path.join('/')]);

describe('expanding a model', () => {
  it('leaves a plain list as it is, each layer on the one before it, named by its type', () => {
    expect(brief([dense(), { type: 'dropout', rate: 0.1 }, dense()])).toEqual([
      ['dense_1', undefined, 'layers/0'],
      ['dropout_1', undefined, 'layers/1'],
      ['dense_2', undefined, 'layers/2'],
    ]);
  });

  it('makes a residual the sum of its layers and of what they stand on', () => {
    const layers = [dense(), { type: 'residual', layers: [dense(), dense()] }, dense()];
    expect(brief(layers)).toEqual([
      ['dense_1', undefined, 'layers/0'],
      ['dense_2', undefined, 'layers/1/layers/0'],
      ['dense_3', undefined, 'layers/1/layers/1'],
      ['residual_1', ['dense_3', 'dense_1'], 'layers/1'],
      ['dense_4', undefined, 'layers/2'],
    ]);
    expect(expand(layers)[3]!.layer.type).toBe('add');
  });

  it('makes a residual with a skip the sum of both ways', () => {
    const block = { type: 'residual', name: 'block', layers: [dense(), dense()], skip: [dense(), dense()] };
    expect(brief([dense(), block])).toEqual([
      ['dense_1', undefined, 'layers/0'],
      ['dense_2', undefined, 'layers/1/layers/0'],
      ['dense_3', undefined, 'layers/1/layers/1'],
      ['dense_4', ['dense_1'], 'layers/1/skip/0'],
      ['dense_5', undefined, 'layers/1/skip/1'],
      ['block', ['dense_3', 'dense_5'], 'layers/1'],
    ]);
  });

  it('starts a residual from the network’s input, from a layer by name, and within another', () => {
    expect(brief([{ type: 'residual', layers: [dense()] }])).toEqual([
      ['dense_1', undefined, 'layers/0/layers/0'],
      ['residual_1', ['dense_1', 'input'], 'layers/0'],
    ]);
    expect(
      brief([dense({ name: 'low' }), dense(), { type: 'residual', inputs: ['low'], layers: [dense()] }]),
    ).toEqual([
      ['low', undefined, 'layers/0'],
      ['dense_1', undefined, 'layers/1'],
      ['dense_2', ['low'], 'layers/2/layers/0'],
      ['residual_1', ['dense_2', 'low'], 'layers/2'],
    ]);
    const inner = { type: 'residual', layers: [dense()] };
    expect(brief([{ type: 'residual', layers: [dense(), inner], skip: [dense()] }])).toEqual([
      ['dense_1', undefined, 'layers/0/layers/0'],
      ['dense_2', undefined, 'layers/0/layers/1/layers/0'],
      ['residual_2', ['dense_2', 'dense_1'], 'layers/0/layers/1'],
      ['dense_3', ['input'], 'layers/0/skip/0'],
      ['residual_1', ['residual_2', 'dense_3'], 'layers/0'],
    ]);
  });

  it('gives no name twice: those that the user gave, at any depth, the output’s and the input’s are taken', () => {
    const layers = [dense(), { type: 'residual', layers: [dense({ name: 'dense_1' }), dense()] }];
    expect(brief(layers, { output: { name: 'dense_2' } }).map(([name]) => name)).toEqual([
      'dense_3',
      'dense_1',
      'dense_4',
      'residual_1',
    ]);
  });

  it('says what a layer takes only where that isn’t the one before it', () => {
    const layers = [
      dense({ name: 'a', inputs: ['input'] }),
      dense({ inputs: ['a'] }),
      dense({ inputs: ['a'] }),
    ];
    expect(brief(layers).map(([, inputs]) => inputs)).toEqual([undefined, undefined, ['a']]);
  });

  it('gives the model’s penalties to every kernel, composites’ too, that has none of its own', () => {
    const block = { type: 'residual', layers: [dense({ l2: 0.5 }), { type: 'batchNorm' }], skip: [dense()] };
    const [own, norm, skip, sum] = expand([block], { l2: 0.1, maxNorm: 2 }).map(({ layer }) => layer);
    expect(own).toMatchObject({ l2: 0.5, maxNorm: 2 });
    expect(skip).toMatchObject({ l2: 0.1, maxNorm: 2 });
    for (const layer of [norm, sum]) expect(layer).not.toHaveProperty('l2');
  });

  it('makes a network whose layers and weights are all where they should be', () => {
    const block = { type: 'residual', layers: [dense({ units: 3 })], skip: [dense({ units: 3 })] };
    const model = ModelSpec.parse({ layers: [block] });
    const { inputShape, layers } = resolveNetwork(model, {
      inputShape: [2],
      task: 'regression',
      outputUnits: 1,
      distribution: 'point',
    });
    const shapes = inferShapes(inputShape, layers);
    expect(shapes.map(({ name, outputShape, parameters }) => [name, outputShape, parameters])).toEqual([
      ['dense_1', [3], 9],
      ['dense_2', [3], 9],
      ['residual_1', [3], 0],
      ['output', [1], 4],
    ]);
    expect(layers.map((_, i) => inputsOf(layers, i))).toEqual([[-1], [-1], [0, 1], [2]]);
    expect(unusedLayers(layers)).toEqual([]);
  });
});

describe('wiring', () => {
  const named = (layers: unknown[]) => expand(layers).map(({ layer }) => layer);

  it('finds the layers that none takes, the last one apart', () => {
    const layers = named([dense(), dense({ inputs: ['input'] }), dense({ inputs: ['input'] })]);
    expect(unusedLayers(layers)).toEqual([0, 1]);
  });

  it('refuses a name that is nobody’s, and one that comes later or is the layer’s own', () => {
    const layers = named([
      dense({ inputs: ['nobody'] }),
      dense({ inputs: ['last'] }),
      dense({ name: 'self', inputs: ['self'] }),
      dense({ name: 'last' }),
    ]);
    expect(() => inputsOf(layers, 0)).toThrow('takes “nobody”, and no layer is named so');
    expect(() => inputsOf(layers, 1)).toThrow('takes “last”, which doesn’t come before it');
    expect(() => inputsOf(layers, 2)).toThrow('takes “self”, which doesn’t come before it');
  });
});

test.each([
  ['more than one start', { type: 'residual', inputs: ['a', 'b'], layers: [dense()] }, ['inputs']],
  ['no layers', { type: 'residual', layers: [] }, ['layers']],
  ['an unknown field', { type: 'residual', layers: [dense()], units: 3 }, []],
  [
    'a fault deep inside',
    { type: 'residual', layers: [{ type: 'residual', layers: [dense({ units: 0 })] }] },
    ['layers', 0, 'layers', 0, 'units'],
  ],
  ['a merge of one', { type: 'add', inputs: ['a'] }, ['inputs']],
  ['a difference of three', { type: 'subtract', inputs: ['a', 'b', 'c'] }, ['inputs']],
])('a residual or merge with %s is refused', (_, layer, path) => {
  expect(ListedLayer.safeParse(layer).error!.issues[0]!.path).toEqual(path);
});
