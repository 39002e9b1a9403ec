import { describe, expect, it, test } from 'vitest';
import { TrainyardError } from '../../../src/jobs/errors.ts';
import { validateJob } from '../../../src/jobs/validate-job.ts';
import type { DatasetSchema } from '../../../src/spec/dataset.ts';
import { JobSpec } from '../../../src/spec/job.ts';
import type { ParentModel } from '../../../src/spec/parent.ts';
import { sequential } from '../spec/topology-fixture.ts';
import { numberColumn } from './number-column.ts';

const kind = {
  name: 'kind',
  type: 'category' as const,
  missing: 5,
  distinct: 2,
  classes: ['cat', 'dog'].map((value) => ({ value, count: 45 })),
};
const table: DatasetSchema = {
  rows: 95,
  columns: [numberColumn('a'), numberColumn('b'), numberColumn('c'), kind],
};
const pictures = (...shape: number[]): DatasetSchema => ({
  rows: 90,
  columns: [
    { name: 'image', type: 'tensor', shape, missing: 0, distinct: null, min: 0, max: 255, integer: true },
    { ...kind, name: 'label', missing: 0 },
  ],
});

interface Change {
  readonly data?: object;
  readonly model?: object;
  readonly objectives: readonly object[];
  readonly stage?: object;
  readonly evaluate?: object;
}

function validate(
  { data, model, objectives, stage, evaluate = {} }: Change,
  schema = table,
  parent?: ParentModel,
) {
  const spec = JobSpec.parse({
    data: { dataset: 'ds_01ARZ3NDEKTSV4RRFFQ69G5FAV', ...data },
    model: model ?? { layers: [{ type: 'flatten' }, { type: 'dense', units: 2, activation: 'relu' }] },
    stages: objectives.map((objective) => ({ epochs: 1, objective, ...stage })),
    evaluate,
  });
  return validateJob(spec, schema, parent);
}

function faults(change: Change, schema?: DatasetSchema): [string, string][] {
  try {
    validate(change, schema);
  } catch (error) {
    if (!(error instanceof TrainyardError)) throw error;
    return error.errors.map(({ pointer, message }) => [pointer, message]);
  }
  return [];
}
const warned = (change: Change, schema?: DatasetSchema, parent?: ParentModel) =>
  validate(change, schema, parent).warnings.map(({ code, pointer }) => [code, pointer]);

const target = { target: 'kind' };

test.each([
  ['autoencoder', target, table, { task: 'reconstruction', units: 3 }],
  ['denoising', target, table, { task: 'reconstruction', units: 3 }],
  ['masked', {}, pictures(8, 6, 3), { task: 'reconstruction', units: 144 }],
  ['rotation', {}, pictures(8, 8, 1), { task: 'rotation', units: 4 }],
  ['pairs', {}, pictures(8, 6, 3), { task: 'pairs', units: 1 }],
  ['gan', {}, pictures(8, 6, 3), { task: 'gan', units: 1 }],
])('%s has its own output layer', (type, data, schema, { task, units }) => {
  const generator = { layers: [{ type: 'dense', units: 8 }] };
  const found = validate({ data, objectives: [{ type, ...(type === 'gan' && { generator }) }] }, schema);
  expect(found).toMatchObject({ task, warnings: [] });
  expect(found.layers.at(-1)).toMatchObject({ name: 'output', outputShape: [units] });
});

it('counts the memory of both examples of a pair', () => {
  const memory = (type: string) => validate({ objectives: [{ type }] }, pictures(64, 64, 1)).memoryBytes;
  const kept = (type: string) =>
    memory(type) - 4 * validate({ objectives: [{ type }] }, pictures(64, 64, 1)).parameters * 4;
  const single = kept('rotation') - 4 * 32 * 4 * 2;
  expect(kept('pairs')).toBe(2 * (single + 4 * 32 * 2));
});

it('counts what a generator takes, and lists its layers', () => {
  const hidden = { type: 'dense', units: 50 };
  const gan = (units: number, optimizer?: object) =>
    validate({
      data: target,
      objectives: [{ type: 'gan', latent: 4, generator: { layers: [{ ...hidden, units }], optimizer } }],
    });
  const found = gan(50);
  expect(found.generator!.map(({ name, parameters }) => [name, parameters])).toEqual([
    ['dense_1', 4 * 50 + 50],
    ['output', 50 * 3 + 3],
  ]);
  // Adam keeps two numbers beside a weight and its gradient; of 32 examples each output has its gradient.
  expect(gan(51).memoryBytes - found.memoryBytes).toBe(4 * ((5 + 3) * 4 + 32 * 2));
  expect(found.memoryBytes - gan(50, { type: 'sgd' }).memoryBytes).toBe(4 * 2 * (250 + 153));
  expect(found.parameters).toBe(3 * 2 + 2 + 2 + 1);
  expect(validate({ objectives: [{ type: 'autoencoder' }], data: target }).generator).toBeNull();
});

it.each([
  ['autoencoder', ['loss', 'val_rmse', 'r2'], {}],
  ['rotation', ['val_accuracy', 'ece'], {}],
  ['pairs', ['val_f1', 'nll', 'val_loss'], {}],
])('%s has monitors', (type, monitors, data) => {
  for (const monitor of monitors)
    validate({ data, objectives: [{ type }], stage: { earlyStopping: { monitor } } }, pictures(8, 8, 1));
});

it('lets stages of one kind follow each other', () => {
  const objectives = ['autoencoder', 'denoising', 'masked'].map((type) => ({ type }));
  expect(warned({ data: target, objectives })).toEqual([]);
});

describe('is refused', () => {
  it('a mix of what the output layer says', () => {
    const objectives = [{ type: 'rotation' }, { type: 'supervised' }, { type: 'autoencoder' }];
    expect(faults({ objectives }, pictures(8, 8, 1))).toEqual([
      [
        '/stages/1/objective/type',
        expect.stringMatching(/^supervised asks something else.*than rotation.*model\.from/),
      ],
      ['/stages/2/objective/type', expect.stringMatching(/^autoencoder asks something else/)],
    ]);
    expect(
      faults({
        data: { ...target, missing: 'drop' },
        objectives: [{ type: 'supervised' }, { type: 'masked' }],
      }),
    ).toEqual([['/stages/1/objective/type', expect.stringMatching(/^masked asks something else/)]]);
  });

  it.each([
    [table, '[3]'],
    [pictures(8, 6, 1), '[8, 6, 1]'],
  ])('a turn of what is no square picture', (schema, shape) => {
    expect(
      faults({ data: schema === table ? target : {}, objectives: [{ type: 'rotation' }] }, schema),
    ).toEqual([
      ['/stages/0/objective/type', `only square pictures can be turned, and the data have ${shape}`],
    ]);
  });

  it('a patch that doesn’t divide, or of what is no picture', () => {
    const objectives = [{ type: 'masked', patch: 3 }];
    expect(faults({ objectives }, pictures(9, 8, 1))).toEqual([
      ['/stages/0/objective/patch', 'a patch of 3 × 3 doesn’t divide a picture of 9 × 8'],
    ]);
    expect(faults({ data: target, objectives })).toEqual([
      ['/stages/0/objective/patch', 'only a picture has patches; leave it out'],
    ]);
  });

  it('a single column that is hidden', () => {
    expect(faults({ data: { ...target, inputs: ['a'] }, objectives: [{ type: 'masked' }] })).toEqual([
      ['/stages/0/objective/type', 'the inputs are a single column, and nothing is left to fill it in from'],
    ]);
  });

  it('a reconstruction of ids', () => {
    const ids = { ...numberColumn('id', true), max: 9 };
    const layers = [{ type: 'embedding', inputDim: 10, outputDim: 2 }, { type: 'flatten' }];
    const change = { model: { layers }, objectives: [{ type: 'autoencoder' }] };
    expect(faults(change, { rows: 90, columns: [ids] })).toContainEqual([
      '/stages/0/objective/type',
      'the inputs are ids, which can’t be put together again as numbers',
    ]);
  });

  it('Monte-Carlo dropout, top-k, and another last layer than a dense one of pairs', () => {
    const layers = [{ type: 'flatten' }, { type: 'dropout', rate: 0.1 }];
    const pairs = [{ type: 'pairs' }];
    expect(
      faults(
        { model: { layers }, objectives: pairs, evaluate: { mcDropout: {}, topK: 2 } },
        pictures(4, 4, 1),
      ),
    ).toEqual([
      ['/evaluate/mcDropout', 'pairs are compared, and Monte-Carlo dropout answers for single inputs'],
      ['/evaluate/topK', 'only a classification ranks classes, and this is the comparison of pairs'],
    ]);
    const topology = sequential(
      { class_name: 'InputLayer', config: { batch_shape: [null, 3], name: 'x' } },
      { class_name: 'Dense', config: { name: 'score', units: 1 } },
      { class_name: 'Activation', config: { name: 'squash', activation: 'sigmoid' } },
    );
    expect(faults({ data: { ...target, missing: 'drop' }, model: { topology }, objectives: pairs })).toEqual([
      ['/model/topology', 'pairs are compared by a dense layer at the end, and “squash” is activation'],
    ]);
  });

  it.each([
    [{ type: 'denoising', amount: 1 }, ['amount']],
    [{ type: 'masked', share: 1 }, ['share']],
    [{ type: 'autoencoder', loss: { type: 'binaryCrossEntropy' } }, ['loss', 'type']],
    [{ type: 'rotation', loss: { type: 'mse' } }, []],
  ])('%j', (objective, path) => {
    const parsed = JobSpec.safeParse({
      data: { dataset: 'ds_01ARZ3NDEKTSV4RRFFQ69G5FAV' },
      model: { layers: [] },
      stages: [{ epochs: 1, objective }],
    });
    expect(parsed.error?.issues.map((issue) => issue.path)).toEqual([['stages', 0, 'objective', ...path]]);
  });
});

describe('is warned of', () => {
  const wide = { layers: [{ type: 'dense', units: 3 }] };

  it('an autoencoder that can copy, unless something is in its way', () => {
    const at = (i: number) => ['noBottleneck', `/stages/${i}/objective/type`];
    const autoencoder = { type: 'autoencoder' };
    expect(warned({ data: target, model: wide, objectives: [{ type: 'denoising' }, autoencoder] })).toEqual([
      at(1),
    ]);
    expect(warned({ data: target, model: { layers: [] }, objectives: [autoencoder] })).toEqual([at(0)]);
    const noisy = { layers: [{ type: 'gaussianNoise', std: 0.1 }, ...wide.layers] };
    expect(warned({ data: target, model: noisy, objectives: [autoencoder] })).toEqual([]);
    expect(warned({ data: target, objectives: [autoencoder] })).toEqual([]);
  });

  it('numbers of their own scales, but not a picture’s', () => {
    const objectives = [{ type: 'denoising' }];
    expect(warned({ data: { ...target, standardize: false }, objectives })).toEqual([
      ['unstandardizedReconstruction', '/data/standardize'],
    ]);
    const bn = { layers: [{ type: 'batchNorm' }, { type: 'dense', units: 2 }] };
    expect(warned({ data: target, model: bn, objectives })).toEqual([
      ['unstandardizedReconstruction', '/data/standardize'],
    ]);
    expect(warned({ data: { standardize: false }, objectives }, pictures(8, 8, 1))).toEqual([]);
  });

  it('and none where they are as they were for another model', () => {
    const below = { type: 'dense', name: 'below', units: 2, activation: 'relu', useBias: true } as const;
    const columns = ['a', 'b', 'c'].map((name) => ({ name, type: 'number' as const }));
    const parent = { network: { inputShape: [3], layers: [below] }, inputs: columns };
    const model = { from: { model: 'mdl_01ARZ3NDEKTSV4RRFFQ69G5FAV', layers: 1 }, layers: [] };
    const stage = { trainable: 'new' };
    expect(
      warned({ data: target, model, objectives: [{ type: 'denoising' }], stage }, table, parent),
    ).toEqual([]);
  });
});
