import { describe, expect, it } from 'vitest';
import type { TrainyardError } from '../../../src/jobs/errors.ts';
import { validateJob } from '../../../src/jobs/validate-job.ts';
import { JobSpec } from '../../../src/spec/job.ts';
import type { NamedLayer } from '../../../src/spec/layer.ts';
import type { ParentModel } from '../../../src/spec/parent.ts';
import { numberColumn } from './number-column.ts';

const schema = { rows: 100, columns: ['a', 'b', 'c', 'y'].map((name) => numberColumn(name)) };
const dense = (name: string, units: number) =>
  ({ type: 'dense', name, units, activation: 'linear', useBias: true }) as NamedLayer;

/** A model of the columns `a` and `b`. */
const parent: ParentModel = {
  network: { inputShape: [2], layers: [dense('low', 1_000), dense('middle', 20), dense('output', 1)] },
  inputs: ['a', 'b'].map((name) => ({ name, type: 'number' })),
};

interface Change {
  layers?: unknown;
  inputs?: string[];
  trainable?: unknown;
  output?: object;
  schedule?: object | undefined;
}

function validate({ layers = 'all', inputs = ['a', 'b'], trainable = 'new', output, schedule }: Change) {
  const spec = JobSpec.parse({
    data: { dataset: 'ds_01ARZ3NDEKTSV4RRFFQ69G5FAV', inputs, target: 'y' },
    model: { from: { model: 'mdl_01ARZ3NDEKTSV4RRFFQ69G5FAV', layers }, output },
    stages: [{ epochs: 1, trainable, schedule }],
  });
  return validateJob(spec, schema, parent);
}

function faults(change: Change) {
  try {
    validate(change);
  } catch (error) {
    return (error as TrainyardError).errors;
  }
  throw new Error('nothing was found wrong');
}

describe('a job upon another model', () => {
  it('takes little memory while the layers below are frozen', () => {
    const [frozen, moving] = [validate({}), validate({ trainable: 'all' })];
    expect(frozen.memoryBytes).toBe(moving.memoryBytes - 4 * 32 * (2 * 1_020 - (1_000 + 20)));
  });

  it('tells which layers it takes over', () => {
    const reused = (change: Change) => validate(change).layers.map(({ name, reused }) => [name, reused]);
    expect(reused({})).toEqual([
      ['low', true],
      ['middle', true],
      ['output', false],
    ]);
    expect(reused({ layers: 1 })).toEqual([
      ['low', true],
      ['output', false],
    ]);
  });

  it('is warned where no stage moves a new layer, which would stay random', () => {
    const warned = (trainable: unknown, schedule?: object) =>
      validate({ trainable, schedule }).warnings.filter(({ code }) => code === 'untrainedLayers');
    expect(warned({ layers: ['low'] })).toEqual([
      {
        code: 'untrainedLayers',
        pointer: '/stages',
        message: 'no stage moves “output”: new layers begin at random, and would stay so',
      },
    ]);
    for (const trainable of ['new', 'all', { top: 1 }, { layers: ['output'] }])
      expect(warned(trainable)).toEqual([]);
    expect(warned({ layers: ['low'] }, { type: 'lrFinder' })).toEqual([]);
  });

  it('is warned where fewer layers have weights than are to move', () => {
    const warned = (top: number) =>
      validate({ trainable: { top } }).warnings.filter(({ code }) => code === 'topBeyondReused');
    expect(warned(2)).toEqual([]);
    expect(warned(3)).toEqual([
      {
        code: 'topBeyondReused',
        pointer: '/stages/0/trainable/top',
        message: '2 of the reused layers have weights, so the stage moves them all',
      },
    ]);
  });

  it('is told of the head that it takes over, and what to do', () => {
    const told = faults({ layers: 3, trainable: 'all' });
    expect(told).toEqual([
      {
        pointer: '/model/output/name',
        message:
          'the reused layers have one named “output”: take fewer of them, or give the output layer another name',
      },
    ]);
    validate({ layers: 3, output: { name: 'head' } });
  });

  it('is told once of a layer that isn’t there', () => {
    expect(faults({ trainable: { layers: ['nowhere'] } })).toEqual([
      { pointer: '/stages/0/trainable/layers/0', message: 'no layer is named “nowhere”' },
    ]);
  });

  it('is told to have other columns prepared anew only where as many fit', () => {
    const messageOf = (inputs: string[]) => faults({ inputs })?.[0]?.message;
    expect(messageOf(['a', 'c'])).toMatch(/; say data.standardize to have them prepared anew$/);
    expect(messageOf(['a'])).toMatch(/the inputs are “a” \(number\)$/);
  });
});
