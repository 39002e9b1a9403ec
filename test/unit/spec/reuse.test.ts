import { describe, expect, it } from 'vitest';
import { expandModel } from '../../../src/spec/expand.ts';
import type { NamedLayer } from '../../../src/spec/layer.ts';
import { ModelSpec } from '../../../src/spec/model.ts';
import { ReuseError, reusedLayers } from '../../../src/spec/parent.ts';
import { ReuseSpec } from '../../../src/spec/reuse.ts';

const model = 'mdl_01ARZ3NDEKTSV4RRFFQ69G5FAV';
const dense = (name: string, rest: object = {}) =>
  ({ type: 'dense', name, units: 3, activation: 'relu', useBias: true, ...rest }) as NamedLayer;
const network = (...layers: NamedLayer[]) => ({ inputShape: [2], layers });
const names = (layers: readonly NamedLayer[]) => layers.map(({ name }) => name);

describe('reused layers', () => {
  const plain = network(dense('a'), { type: 'dropout', name: 'drop', rate: 0.1 }, dense('b'), dense('head'), {
    type: 'activation',
    name: 'softmax',
    activation: 'softmax',
  });

  it.each([
    ['all', ['a', 'drop', 'b']],
    [1, ['a']],
    [3, ['a', 'drop', 'b']],
    [5, ['a', 'drop', 'b', 'head', 'softmax']],
    [{ upTo: 'drop' }, ['a', 'drop']],
  ] as const)('%j are %j', (layers, expected) => {
    expect(names(reusedLayers(ReuseSpec.parse({ model, layers }).layers, plain))).toEqual(expected);
  });

  it.each([
    [6, 'the model has 5 layers'],
    [{ upTo: 'z' }, 'the model has no layer named “z”'],
  ])('%j are not there', (layers, message) => {
    expect(() => reusedLayers(layers, plain)).toThrow(new ReuseError(message));
  });

  it('leave out the norm and the activation of a head with it', () => {
    const normed = network(
      dense('a'),
      dense('head'),
      { type: 'batchNorm', name: 'norm', momentum: 0.9, epsilon: 1e-3, axis: -1 } as NamedLayer,
      { type: 'activation', name: 'softmax', activation: 'softmax' },
    );
    expect(names(reusedLayers('all', normed))).toEqual(['a']);
  });

  it('are all of a network without a head', () => {
    const conv = { type: 'conv2d', name: 'conv', filters: 2, kernelSize: 3, strides: 1, padding: 'same' };
    const layers = [
      { ...conv, activation: 'relu', useBias: true },
      { type: 'globalAvgPool', name: 'pool' },
    ] as NamedLayer[];
    expect(names(reusedLayers('all', { inputShape: [4, 4, 1], layers }))).toEqual(['conv', 'pool']);
  });

  it('are none where the head stands on the input', () => {
    expect(() => reusedLayers('all', network(dense('head')))).toThrow(
      'below its head the model has no layer',
    );
  });

  it('of a graph are those that the last one is computed from', () => {
    const graph = network(
      dense('a'),
      dense('left', { inputs: ['a'] }),
      dense('right', { inputs: ['a'] }),
      dense('above', { inputs: ['right'] }),
      { type: 'add', name: 'sum', inputs: ['left', 'above'] },
      dense('head'),
    );
    expect(names(reusedLayers({ upTo: 'above' }, graph))).toEqual(['a', 'right', 'above']);
    expect(names(reusedLayers('all', graph))).toEqual(['a', 'left', 'right', 'above', 'sum']);
  });
});

describe('a model upon reused layers', () => {
  const base = [dense('dense_1'), dense('hidden')];

  it('has them first, and names the others otherwise', () => {
    const placed = expandModel(
      ModelSpec.parse({ from: { model }, layers: [{ type: 'dense', units: 5 }] }),
      base,
    );
    expect(placed.map(({ layer, reused }) => [layer.name, reused])).toEqual([
      ['dense_1', true],
      ['hidden', true],
      ['dense_2', false],
    ]);
    expect(placed[0]!.path).toEqual(['from']);
    expect(placed[2]!.layer.inputs).toBeUndefined();
  });

  it('may take any of them', () => {
    const spec = ModelSpec.parse({
      from: { model },
      layers: [{ type: 'add', inputs: ['dense_1', 'hidden'] }],
    });
    expect(expandModel(spec, base)[2]!.layer.inputs).toEqual(['dense_1', 'hidden']);
  });

  it('needs no layer of its own', () => {
    expect(expandModel(ModelSpec.parse({ from: { model } }), base)).toHaveLength(2);
  });

  it('is no topology', () => {
    const topology = { class_name: 'Sequential', config: { layers: [] } };
    const issues = ModelSpec.safeParse({ from: { model }, topology }).error?.issues;
    expect(issues?.map(({ path }) => path)).toContainEqual(['from']);
  });
});
