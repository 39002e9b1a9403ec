import { describe, expect, it } from 'vitest';
import { TrainyardError } from '../../../src/jobs/errors.ts';
import { validateJob } from '../../../src/jobs/validate-job.ts';
import type { DatasetSchema } from '../../../src/spec/dataset.ts';
import { JobSpec } from '../../../src/spec/job.ts';
import { numberColumn } from './number-column.ts';

const column = (name: string) => numberColumn(name);
const schema: DatasetSchema = { rows: 1_000, columns: ['a', 'b', 'c', 'd', 'y'].map(column) };
const sequence = { type: 'reshape', shape: [2, 2] };

function parse(layers: object[]) {
  return JobSpec.safeParse({
    data: { dataset: 'ds_01ARZ3NDEKTSV4RRFFQ69G5FAV', target: 'y' },
    model: { layers },
    stages: [{ epochs: 1 }],
  });
}

const validate = (layers: object[]) => validateJob(parse(layers).data!, schema);

function faults(layers: object[]) {
  try {
    validate(layers);
  } catch (error) {
    expect(error).toBeInstanceOf(TrainyardError);
    return (error as TrainyardError).errors!;
  }
  throw new Error('nothing was found wrong');
}

describe('validation of recurrent layers', () => {
  it.each([
    ['simpleRnn', 3 * (2 + 3 + 1)],
    ['lstm', 4 * 3 * (2 + 3 + 1)],
    ['gru', 3 * 3 * (2 + 3 + 2)],
  ])('tells the shapes and parameters of %s', (type, parameters) => {
    const [, layer] = validate([sequence, { type, units: 3 }]).layers;
    expect(layer).toMatchObject({ name: `${type}_1`, inputShape: [2, 2], outputShape: [3], parameters });
    const [, every] = validate([
      sequence,
      { type, units: 3, returnSequences: true },
      { type: 'flatten' },
    ]).layers;
    expect(every).toMatchObject({ outputShape: [2, 3], parameters });
  });

  it('counts what is kept of each step in the memory', () => {
    const long = (type: string) =>
      validate([
        { type: 'reshape', shape: [4, 1] },
        { type, units: 8 },
      ]);
    const short = (type: string) =>
      validate([
        { type: 'reshape', shape: [1, 4] },
        { type, units: 8 },
      ]);
    for (const type of ['simpleRnn', 'lstm', 'gru'])
      expect(long(type).memoryBytes).toBeGreaterThan(2 * short(type).memoryBytes);
  });

  it.each([
    [
      'columns',
      [{ type: 'lstm', units: 3 }],
      '/model/layers/0',
      /“lstm_1” \(lstm\): wants 2 .*\[4\].*\[length, channels\]/,
    ],
    [
      'the last step of another one',
      [sequence, { type: 'gru', units: 3 }, { type: 'gru', units: 3 }],
      '/model/layers/2',
      /“gru_2” .*\[3\].*\[length, channels\]/,
    ],
    [
      'columns, both ways',
      [{ type: 'bidirectional', layer: { type: 'lstm', units: 3 } }],
      '/model/layers/0',
      /“bidirectional_1_forward” \(lstm\)/,
    ],
    [
      'columns, inside a residual',
      [{ type: 'residual', layers: [{ type: 'bidirectional', layer: { type: 'gru', units: 2 } }] }],
      '/model/layers/0/layers/0',
      /“bidirectional_1_forward” \(gru\)/,
    ],
  ])('refuses one that takes %s', (_, layers, pointer, message) => {
    const [fault] = faults(layers);
    expect(fault).toMatchObject({ pointer, message: expect.stringMatching(message) });
  });

  it('refuses a layer named as one of the two directions', () => {
    const both = { type: 'bidirectional', name: 'both', layer: { type: 'gru', units: 2 } };
    const [fault] = faults([
      sequence,
      { type: 'activation', name: 'both_backward', activation: 'tanh' },
      both,
    ]);
    expect(fault).toEqual({
      pointer: '/model/layers/2/name',
      message: 'another layer is named “both_backward” too',
    });
  });
});

describe('the schema of recurrent layers', () => {
  const paths = (layer: object) => parse([sequence, layer]).error?.issues.map(({ path }) => path.join('/'));

  it.each([
    [{ type: 'simpleRnn', units: 2, activation: 'softmax' }, 'activation'],
    [{ type: 'lstm', units: 2, recurrentActivation: 'softmax' }, 'recurrentActivation'],
    [{ type: 'gru', units: 2, activation: { type: 'elu', alpha: 2 } }, 'activation'],
    [{ type: 'gru', units: 2, activation: 'prelu' }, 'activation'],
    [{ type: 'bidirectional', layer: { type: 'gru', units: 2, activation: 'softmax' } }, 'layer/activation'],
    [{ type: 'bidirectional', layer: { type: 'dense', units: 2 } }, 'layer/type'],
    [{ type: 'bidirectional', layer: { type: 'gru', units: 2, backwards: true } }, 'layer'],
    [{ type: 'bidirectional', name: 'x'.repeat(56), layer: { type: 'gru', units: 2 } }, 'name'],
    [{ type: 'bidirectional', layer: { type: 'gru', units: 2 }, merge: 'maximum' }, 'merge'],
  ])('refuses %j', (layer, path) => {
    expect(paths(layer)).toEqual([`model/layers/1/${path}`]);
  });

  it('takes the longest name whose directions’ names are names too', () => {
    expect(
      paths({ type: 'bidirectional', name: 'x'.repeat(55), layer: { type: 'gru', units: 2 } }),
    ).toBeUndefined();
  });
});
