import { describe, expect, it } from 'vitest';
import { expandModel } from '../../../src/spec/expand.ts';
import { JobSpec } from '../../../src/spec/job.ts';
import type { NamedLayer } from '../../../src/spec/layer.ts';
import { ModelSpec } from '../../../src/spec/model.ts';
import { resolveNetwork } from '../../../src/spec/network.ts';
import { inferShapes } from '../../../src/spec/shapes.ts';
import type { Trainable } from '../../../src/spec/stage.ts';
import { movingLayers, settleStages } from '../../../src/spec/trainable.ts';

const dense = (name: string) => ({ type: 'dense', name, units: 3 });
const spec = JobSpec.parse({
  data: { dataset: 'ds_01ARZ3NDEKTSV4RRFFQ69G5FAV', target: 'y' },
  model: {
    layers: [
      dense('first'),
      {
        type: 'residual',
        name: 'outer',
        layers: [dense('a'), { type: 'residual', name: 'inner', layers: [dense('b')], skip: [dense('c')] }],
      },
      { type: 'reshape', shape: [3, 1] },
      { type: 'bidirectional', name: 'both', layer: { type: 'gru', units: 2 } },
    ],
  },
  stages: [
    { epochs: 1 },
    { epochs: 1, trainable: { layers: ['inner', 'output'] } },
    { epochs: 1, trainable: { layers: ['outer', 'both'] } },
  ],
});

describe('the trainable layers of a stage', () => {
  it('are those of a composite where it is named, and others as they are', () => {
    const [all, inner, outer] = settleStages(spec.stages, expandModel(spec.model), []).map(
      ({ trainable }) => trainable,
    );
    expect(all).toBe('all');
    expect(inner).toEqual({ layers: ['b', 'c', 'inner', 'output'] });
    expect(outer).toEqual({
      layers: ['a', 'b', 'c', 'inner', 'outer', 'both_forward', 'both_backward', 'both'],
    });
  });
});

describe('the trainable layers upon another model', () => {
  const base = [
    { type: 'dense', name: 'a', units: 4, activation: 'relu', useBias: true },
    { type: 'dropout', name: 'drop', rate: 0.5 },
    { type: 'dense', name: 'b', units: 4, activation: 'relu', useBias: true },
    { type: 'batchNorm', name: 'norm', momentum: 0.9, epsilon: 1e-3, axis: -1, center: true, scale: true },
  ] as NamedLayer[];
  const model = ModelSpec.parse({ from: { model: 'mdl_01ARZ3NDEKTSV4RRFFQ69G5FAV' }, layers: [dense('c')] });
  const network = resolveNetwork(model, {
    inputShape: [2],
    task: 'regression',
    outputUnits: 1,
    distribution: 'point',
    base,
  });
  const moving = (trainable: Trainable) =>
    movingLayers(trainable, expandModel(model, base), inferShapes([2], network.layers));

  it('are the new ones and the output', () => {
    expect(moving('new')).toEqual(['c', 'output']);
    expect(moving('all')).toEqual(['a', 'drop', 'b', 'norm', 'c', 'output']);
  });

  it('count only reused layers that have weights', () => {
    expect(moving({ top: 1 })).toEqual(['norm', 'c', 'output']);
    expect(moving({ top: 3 })).toEqual(['a', 'b', 'norm', 'c', 'output']);
    expect(moving({ top: 9 })).toEqual(['a', 'b', 'norm', 'c', 'output']);
  });

  it('may be reused ones by name', () => {
    expect(moving({ layers: ['b'] })).toEqual(['b']);
  });
});
