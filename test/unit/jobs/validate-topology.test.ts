import { describe, expect, it } from 'vitest';
import { TrainyardError } from '../../../src/jobs/errors.ts';
import { validateJob } from '../../../src/jobs/validate-job.ts';
import type { DatasetSchema } from '../../../src/spec/dataset.ts';
import { JobSpec } from '../../../src/spec/job.ts';
import { functional, type GraphLayer, sequential } from '../spec/topology-fixture.ts';
import { numberColumn } from './number-column.ts';

const number = (name: string) => numberColumn(name, true);
const inputs = ['a', 'b', 'c', 'd'];
const schema: DatasetSchema = {
  rows: 10_000,
  columns: [
    ...inputs.map(number),
    number('y'),
    ...['p', 'q'].map((name) => ({
      name,
      type: 'boolean' as const,
      missing: 0,
      distinct: 2,
      classes: ['false', 'true'].map((value) => ({ value, count: 5_000 })),
    })),
    {
      name: 'kind',
      type: 'category',
      missing: 0,
      distinct: 3,
      classes: ['cat', 'dog', 'eel'].map((value) => ({ value, count: 50 })),
    },
  ],
};

type Target = 'y' | 'kind' | ['p', 'q'];

function validate(topology: object, target: Target = 'y', loss?: object) {
  const spec = JobSpec.parse({
    data: { dataset: 'ds_01ARZ3NDEKTSV4RRFFQ69G5FAV', inputs, target },
    model: { topology },
    stages: [{ epochs: 1, ...(loss && { objective: { type: 'supervised', loss } }) }],
  });
  return validateJob(spec, schema);
}

function faults(topology: object, target: Target, loss?: object): Record<string, string> {
  try {
    validate(topology, target, loss);
  } catch (error) {
    if (!(error instanceof TrainyardError)) throw error;
    const found: Record<string, string> = {};
    for (const { pointer, message } of error.errors)
      found[pointer] = found[pointer] === undefined ? message : `${found[pointer]}; ${message}`;
    return found;
  }
  return {};
}

const input = (shape: (number | null)[] = [null, 4]): GraphLayer => ({
  name: 'x',
  class_name: 'InputLayer',
  config: { batch_shape: shape },
});
const dense = (units: number, activation = 'linear') => ({
  class_name: 'Dense',
  config: { units, activation },
});
const reshape = (...target_shape: number[]) => ({ class_name: 'Reshape', config: { target_shape } });
const last = (n: number) => `/model/topology/config/layers/${n}`;

describe('a topology', () => {
  it('is told layer by layer', () => {
    const found = validate(
      functional(
        input(),
        { name: 'left', ...dense(3, 'relu'), takes: ['x'] },
        { name: 'wide', class_name: 'Concatenate', takes: ['x', 'left'] },
        { name: 'strength', ...dense(1), takes: ['wide'] },
      ),
    );
    expect(found.layers.map(({ name, outputShape, parameters }) => [name, outputShape, parameters])).toEqual([
      ['left', [3], 15],
      ['wide', [7], 0],
      ['strength', [1], 8],
    ]);
    expect(found.warnings).toEqual([]);
  });

  it.each<[string, object, Target]>([
    ['softmax for classes', sequential(dense(3, 'softmax')), 'kind'],
    ['softmax as a layer', sequential(dense(3), { class_name: 'Softmax' }), 'kind'],
    [
      'softmax as an activation layer',
      sequential(dense(3), { class_name: 'Activation', config: { activation: 'softmax' } }),
      'kind',
    ],
    ['logits for classes', sequential(dense(3)), 'kind'],
    ['sigmoids for labels', sequential(dense(2, 'sigmoid')), ['p', 'q']],
    ['a linear layer for a number', sequential(dense(1)), 'y'],
    ['a sigmoid within', sequential(dense(3, 'sigmoid'), dense(1)), 'y'],
    [
      'an open input',
      sequential({ class_name: 'InputLayer', config: { batch_shape: [null, null] } }, dense(1)),
      'y',
    ],
    ['an output named so', functional(input(), { name: 'output', ...dense(1), takes: ['x'] }), 'y'],
    ['an open reshape', sequential(reshape(-1, 2), { class_name: 'Flatten' }, dense(1)), 'y'],
  ])('may have %s', (_, topology, target) => {
    expect(faults(topology, target)).toEqual({});
  });

  const pooling = { class_name: 'GlobalMaxPooling2D' };
  it.each<[string, object, Target, string, RegExp]>([
    [
      'an input that the data don’t have',
      functional(
        input([null, 2, 2, 1]),
        { name: 'f', class_name: 'Flatten', takes: ['x'] },
        { name: 'o', ...dense(1), takes: ['f'] },
      ),
      'y',
      `${last(0)}/config/batch_shape`,
      /takes \[2, 2, 1\] and the data have \[4\].*Reshape/,
    ],
    [
      'another width',
      sequential({ class_name: 'Dense', config: { units: 1, batch_input_shape: [null, 5] } }),
      'y',
      `${last(0)}/config/batch_input_shape`,
      /\[5\].*\[4\]/,
    ],
    ['too many outputs', sequential(dense(2)), 'y', last(0), /puts out \[2\].*regression.*\[1\] with linear/],
    ['one output for three classes', sequential(dense(1, 'sigmoid')), 'kind', last(0), /\[3\] with softmax/],
    ['a picture for its output', sequential(reshape(1, 1, 4)), 'y', last(0), /puts out \[1, 1, 4\]/],
    [
      'another activation for a number',
      sequential(dense(1, 'relu')),
      'y',
      last(0),
      /relu, and must be linear/,
    ],
    [
      'another activation for classes',
      sequential(dense(3, 'sigmoid')),
      'kind',
      last(0),
      /softmax, or linear/,
    ],
    [
      'another activation for labels',
      sequential(dense(2, 'softmax')),
      ['p', 'q'],
      last(0),
      /sigmoid, or linear/,
    ],
    [
      'a softmax that isn’t last',
      sequential(dense(3, 'softmax'), { class_name: 'Dropout', config: { rate: 0.5 } }, reshape(3)),
      'kind',
      last(2),
      /softmax of layer “layer_0” must come last/,
    ],
    [
      'a layer that doesn’t fit',
      sequential(reshape(3, 3), { class_name: 'Flatten' }, dense(1)),
      'y',
      last(0),
      /reshape.*4 numbers/,
    ],
    [
      'a pooling of pictures on a sequence',
      sequential(
        reshape(2, 2),
        { class_name: 'Activation', config: { activation: 'relu' } },
        pooling,
        dense(1),
      ),
      'y',
      last(2),
      /GlobalMaxPooling2D takes inputs of 3 dimensions and gets \[2, 2\]/,
    ],
    [
      'a slope for every number of a sequence',
      sequential(reshape(2, 2), { class_name: 'PReLU' }, { class_name: 'Flatten' }, dense(1)),
      'y',
      last(1),
      /PReLU takes inputs of 1 dimension and/,
    ],
    [
      'an embedding that isn’t first',
      sequential(
        dense(3),
        { class_name: 'Embedding', config: { input_dim: 4, output_dim: 2 } },
        { class_name: 'Flatten' },
        dense(1),
      ),
      'y',
      last(1),
      /first/,
    ],
  ])('can’t have %s', (_, topology, target, pointer, message) => {
    expect(faults(topology, target)).toHaveProperty([pointer], expect.stringMatching(message));
  });

  it('has two outputs for a Gaussian', () => {
    const gaussian = { type: 'gaussianNll' };
    expect(faults(sequential(dense(2)), 'y', gaussian)).toEqual({});
    expect(faults(sequential(dense(1)), 'y', gaussian)[last(0)]).toMatch(/asks for \[2\] with linear/);
  });

  it('reads sequences, one way and both', () => {
    const sequence = { name: 'both', class_name: 'Bidirectional', takes: ['rows'] };
    const layer = { class_name: 'LSTM', config: { units: 3, return_sequences: true } };
    const { layers } = validate(
      functional(
        input(),
        { name: 'rows', ...reshape(2, 2), takes: ['x'] },
        { ...sequence, config: { layer, merge_mode: 'sum' } },
        { name: 'last', class_name: 'GRU', config: { units: 4, go_backwards: true }, takes: ['both'] },
        { name: 'out', ...dense(1), takes: ['last'] },
      ),
    );
    expect(layers.map(({ name, outputShape }) => [name, outputShape])).toEqual([
      ['rows', [2, 2]],
      ['both_forward', [2, 3]],
      ['both_backward', [2, 3]],
      ['both', [2, 3]],
      ['last', [4]],
      ['out', [1]],
    ]);
  });

  it('is warned of layers that it says are frozen, once', () => {
    const frozen = { class_name: 'Dense', config: { units: 3, trainable: false } };
    expect(validate(sequential(frozen, frozen, dense(1))).warnings).toEqual([
      {
        code: 'frozenInTopology',
        pointer: '/model/topology/config/layers/0/config/trainable',
        message: expect.stringMatching(/^2 layers have trainable: false.*stage/),
      },
    ]);
  });

  it('is warned of as a list is', () => {
    const { warnings } = validate(
      sequential(
        dense(2_000, 'selu'),
        { class_name: 'Dropout', config: { rate: 0.5 } },
        dense(2_000),
        dense(1),
      ),
    );
    expect(warnings.map(({ code, pointer }) => [code, pointer])).toEqual([
      ['seluConditions', last(0)],
      ['manyParameters', '/model/topology'],
    ]);
  });
});
