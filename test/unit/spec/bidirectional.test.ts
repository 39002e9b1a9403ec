import { describe, expect, it } from 'vitest';
import { expandModel, hiddenLayers } from '../../../src/spec/expand.ts';
import { ModelSpec } from '../../../src/spec/model.ts';
import { NetworkSpec, resolveNetwork } from '../../../src/spec/network.ts';

const gru = { type: 'gru', units: 2 };
const names = (layers: object[]) => hiddenLayers(ModelSpec.parse({ layers })).map(({ name }) => name);

describe('a bidirectional layer', () => {
  it('stands for one layer each way, and one that merges them', () => {
    const layers = expandModel(
      ModelSpec.parse({
        l2: 0.5,
        layers: [{ type: 'bidirectional', name: 'both', layer: { ...gru, l1: 0.25 } }],
      }),
    );
    expect(layers).toMatchObject([
      {
        path: ['layers', 0],
        layer: { type: 'gru', name: 'both_forward', backwards: false, l1: 0.25, l2: 0.5 },
      },
      {
        path: ['layers', 0],
        layer: { type: 'gru', name: 'both_backward', inputs: ['input'], backwards: true, l1: 0.25, l2: 0.5 },
      },
      {
        path: ['layers', 0],
        layer: { type: 'concat', name: 'both', inputs: ['both_forward', 'both_backward'] },
      },
    ]);
    expect(layers[0]!.layer.inputs).toBeUndefined();
  });

  it.each(['add', 'multiply', 'average'])('merges by %s', (merge) => {
    const [, , merging] = hiddenLayers(
      ModelSpec.parse({ layers: [{ type: 'bidirectional', layer: gru, merge }] }),
    );
    expect(merging).toEqual({
      type: merge,
      name: 'bidirectional_1',
      inputs: ['bidirectional_1_forward', 'bidirectional_1_backward'],
    });
  });

  it('takes what it is told to, both ways', () => {
    const layers = hiddenLayers(
      ModelSpec.parse({
        layers: [
          { type: 'activation', activation: 'tanh' },
          { type: 'bidirectional', inputs: ['input'], layer: gru },
        ],
      }),
    );
    expect(layers.slice(1, 3).map(({ inputs }) => inputs)).toEqual([['input'], ['input']]);
  });

  it('gets a name whose directions’ names are free', () => {
    const layers = [
      { type: 'activation', name: 'bidirectional_1_backward', activation: 'tanh' },
      { type: 'bidirectional', layer: gru },
      { type: 'residual', layers: [{ type: 'bidirectional', layer: gru }] },
    ];
    const found = names(layers);
    expect(new Set(found).size).toBe(found.length);
    expect(found).toEqual([
      'bidirectional_1_backward',
      ...['bidirectional_2_forward', 'bidirectional_2_backward', 'bidirectional_2'],
      ...['bidirectional_3_forward', 'bidirectional_3_backward', 'bidirectional_3'],
      'residual_1',
    ]);
  });

  it('is saved and read again as the layers that it stands for', () => {
    const model = ModelSpec.parse({ layers: [{ type: 'bidirectional', name: 'x'.repeat(55), layer: gru }] });
    const network = resolveNetwork(model, {
      inputShape: [5, 3],
      task: 'regression',
      outputUnits: 1,
      distribution: 'point',
    });
    expect(NetworkSpec.parse(JSON.parse(JSON.stringify(network)))).toEqual(network);
  });
});
