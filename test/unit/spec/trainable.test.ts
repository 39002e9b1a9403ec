import { describe, expect, it } from 'vitest';
import { JobSpec } from '../../../src/spec/job.ts';
import { settleStages } from '../../../src/spec/trainable.ts';

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
    const [all, inner, outer] = settleStages(spec).map(({ trainable }) => trainable);
    expect(all).toBe('all');
    expect(inner).toEqual({ layers: ['b', 'c', 'inner', 'output'] });
    expect(outer).toEqual({
      layers: ['a', 'b', 'c', 'inner', 'outer', 'both_forward', 'both_backward', 'both'],
    });
  });
});
