import { describe, expect, it } from 'vitest';
import { TrainyardError } from '../../../src/jobs/errors.ts';
import { validateJob } from '../../../src/jobs/validate-job.ts';
import type { DatasetSchema } from '../../../src/spec/dataset.ts';
import { JobSpec } from '../../../src/spec/job.ts';
import { numberColumn } from './number-column.ts';

const number = (name: string) => numberColumn(name);
const label = (name: string) => ({
  name,
  type: 'boolean' as const,
  missing: 0,
  distinct: 2,
  classes: [
    { value: 'false', count: 60 },
    { value: 'true', count: 40 },
  ],
});
const schema: DatasetSchema = {
  rows: 100,
  columns: [
    label('hot'),
    label('wet'),
    number('a'),
    number('b'),
    number('y'),
    {
      name: 'kind',
      type: 'category',
      missing: 0,
      distinct: 2,
      classes: [
        { value: 'cat', count: 50 },
        { value: 'dog', count: 50 },
      ],
    },
    {
      name: 'size',
      type: 'category',
      missing: 0,
      distinct: 3,
      classes: [
        { value: 'l', count: 30 },
        { value: 'm', count: 40 },
        { value: 's', count: 30 },
      ],
    },
  ],
};
const stage = { epochs: 1 };
const dense = (more: object = {}) => ({ type: 'dense', units: 4, ...more });

function validate(change: { data?: object; model?: object; stages?: object[]; evaluate?: object }) {
  const spec = JobSpec.parse({
    data: { dataset: 'ds_01ARZ3NDEKTSV4RRFFQ69G5FAV', inputs: ['a', 'b'], target: 'y', ...change.data },
    model: { layers: [{ type: 'dense', units: 4, activation: 'relu' }], ...change.model },
    stages: change.stages ?? [stage],
    evaluate: change.evaluate ?? {},
  });
  return validateJob(spec, schema);
}

function faults(change: Parameters<typeof validate>[0]) {
  try {
    validate(change);
  } catch (error) {
    expect(error).toBeInstanceOf(TrainyardError);
    expect((error as TrainyardError).code).toBe('invalidSpec');
    return (error as TrainyardError).errors;
  }
  throw new Error('nothing was found wrong');
}

describe('validation', () => {
  it('tells what the job would be', () => {
    const found = validate({});
    expect(found.layers.map(({ name, outputShape, parameters }) => [name, outputShape, parameters])).toEqual([
      ['dense_1', [4], 12],
      ['output', [1], 5],
    ]);
    expect(found).toMatchObject({ parameters: 17, task: 'regression', warnings: [] });
    // Weights, gradients and Adam's two moments; outputs and their gradients of one batch of 32.
    expect(found.memoryBytes).toBe(4 * (17 * 4 + 32 * 5 * 2));
  });

  it('appends an output layer that suits the classes', () => {
    const { layers, task } = validate({ data: { target: 'kind' } });
    expect(task).toBe('classification');
    expect(layers.at(-1)).toMatchObject({ name: 'output', outputShape: [2] });
  });

  it('appends an output layer with a unit a label', () => {
    const { layers, task } = validate({ data: { target: ['hot', 'wet'] } });
    expect(task).toBe('multilabel');
    expect(layers.at(-1)).toMatchObject({ name: 'output', outputShape: [2] });
  });

  it('takes a top-k below the number of classes, and monitors of it', () => {
    const earlyStopping = { monitor: 'val_topKAccuracy' };
    validate({ data: { target: 'size' }, evaluate: { topK: 2 }, stages: [{ ...stage, earlyStopping }] });
  });

  const gaussian = { ...stage, objective: { type: 'supervised', loss: { type: 'gaussianNll' } } };

  it('gives the output layer a mean and a variance where any stage learns a Gaussian', () => {
    const { layers } = validate({ stages: [stage, gaussian] });
    expect(layers.at(-1)).toMatchObject({ name: 'output', outputShape: [2] });
    const earlyStopping = { monitor: 'val_nll' };
    validate({ stages: [{ ...stage, earlyStopping }, gaussian] });
  });

  it.each([
    ['y', ['mse', 'mae', 'huber', 'gaussianNll'], ['val_r2', 'rmse']],
    ['kind', ['categoricalCrossEntropy'], ['val_accuracy', 'ece']],
    [['hot', 'wet'], ['binaryCrossEntropy'], ['val_exactMatch', 'f1']],
  ])('takes the losses and monitors that suit %j', (target, losses, monitors) => {
    for (const type of losses)
      for (const monitor of monitors) {
        const objective = { type: 'supervised', loss: { type } };
        validate({ data: { target }, stages: [{ ...stage, objective, earlyStopping: { monitor } }] });
      }
  });

  const image = { type: 'reshape', shape: [1, 2, 1] };
  it.each([
    [
      'a shape that doesn’t fit',
      { model: { layers: [{ type: 'reshape', shape: [3, 3, 1] }] } },
      '/model/layers/0',
      /“reshape_1”.*2 numbers/,
    ],
    [
      'a chain that breaks',
      { model: { layers: [image, { type: 'conv2d', name: 'wide', filters: 2, kernelSize: 3 }] } },
      '/model/layers/1',
      /“wide”.*3×3 window/,
    ],
    ['an output layer on an image', { model: { layers: [image] } }, '/model/layers', /flatten/],
    [
      'two layers of one name',
      {
        model: {
          layers: [
            { type: 'dense', name: 'x', units: 1 },
            { type: 'dense', name: 'x', units: 1 },
          ],
        },
      },
      '/model/layers/1/name',
      /“x”/,
    ],
    [
      'a layer named as the output',
      { model: { layers: [{ type: 'dense', name: 'output', units: 1 }] } },
      '/model/layers/0/name',
      /“output”/,
    ],
    [
      'an embedding that isn’t first',
      {
        model: {
          layers: [
            { type: 'dense', units: 3 },
            { type: 'embedding', inputDim: 4, outputDim: 2 },
            { type: 'flatten' },
          ],
        },
      },
      '/model/layers/1',
      /first/,
    ],
    [
      'a batch norm over an axis that isn’t there',
      { model: { layers: [{ type: 'batchNorm', axis: 3 }] } },
      '/model/layers/0',
      /axis 3/,
    ],
    [
      'a stage that trains an unknown layer',
      { stages: [{ ...stage, trainable: { layers: ['nope', 'output'] } }] },
      '/stages/0/trainable/layers/0',
      /“nope”/,
    ],
    [
      'a stage that trains a composite without weights',
      {
        model: {
          layers: [
            { type: 'dense', units: 3 },
            { type: 'residual', name: 'r', layers: [{ type: 'dropout', rate: 0.1 }] },
          ],
        },
        stages: [{ ...stage, trainable: { layers: ['r'] } }],
      },
      '/stages/0/trainable',
      /none/,
    ],
    [
      'a stage that trains nothing',
      {
        model: { layers: [{ type: 'dropout', name: 'd', rate: 0.1 }] },
        stages: [{ ...stage, trainable: { layers: ['d'] } }],
      },
      '/stages/0/trainable',
      /no(ne| )/,
    ],
    [
      'a monitor that isn’t measured',
      { stages: [{ ...stage, earlyStopping: { monitor: 'val_accuracy' } }] },
      '/stages/0/earlyStopping/monitor',
      /val_rmse/,
    ],
    [
      'a validation metric without a split',
      { data: { split: { validation: 0 } }, stages: [{ ...stage, earlyStopping: {} }] },
      '/stages/0/earlyStopping/monitor',
      /no validation split/,
    ],
    [
      'a schedule that watches nothing',
      { stages: [{ ...stage, schedule: { type: 'performance', monitor: 'x' } }] },
      '/stages/0/schedule/monitor',
      /“x”/,
    ],
    [
      'a loss for another task',
      {
        stages: [{ ...stage, objective: { type: 'supervised', loss: { type: 'categoricalCrossEntropy' } } }],
      },
      '/stages/0/objective/loss/type',
      /regression/,
    ],
    [
      'a loss of classes for labels',
      {
        data: { target: ['hot', 'wet'] },
        stages: [{ ...stage, objective: { type: 'supervised', loss: { type: 'categoricalCrossEntropy' } } }],
      },
      '/stages/0/objective/loss/type',
      /multilabel task, which takes binaryCrossEntropy/,
    ],
    [
      'a loss of labels for classes',
      {
        data: { target: 'kind' },
        stages: [{ ...stage, objective: { type: 'supervised', loss: { type: 'binaryCrossEntropy' } } }],
      },
      '/stages/0/objective/loss/type',
      /a classification, which takes categoricalCrossEntropy/,
    ],
    [
      'a label that isn’t one',
      { data: { target: ['hot', 'y'] } },
      '/data/target/1',
      /“y” has other values than 0 and 1/,
    ],
    [
      'a Gaussian of classes',
      { data: { target: 'kind' }, stages: [gaussian] },
      '/stages/0/objective/loss/type',
      /gaussianNll doesn’t suit a classification/,
    ],
    [
      'a Gaussian of labels',
      { data: { target: ['hot', 'wet'] }, stages: [stage, gaussian] },
      '/stages/1/objective/loss/type',
      /gaussianNll doesn’t suit a multilabel task/,
    ],
    [
      'the likelihood of a point',
      { stages: [{ ...stage, earlyStopping: { monitor: 'val_nll' } }] },
      '/stages/0/earlyStopping/monitor',
      /“val_nll” isn’t measured/,
    ],
    ['a top-k of numbers', { evaluate: { topK: 2 } }, '/evaluate/topK', /this is a regression/],
    [
      'a top-k of labels',
      { data: { target: ['hot', 'wet'] }, evaluate: { topK: 2 } },
      '/evaluate/topK',
      /this is multilabel/,
    ],
    [
      'a top-k of all classes',
      { data: { target: 'kind' }, evaluate: { topK: 2 } },
      '/evaluate/topK',
      /there are 2 classes, so the truth is always among 2/,
    ],
    [
      'a top-k of all classes that are kept',
      { data: { target: 'size', classes: ['s', 'l'] }, evaluate: { topK: 2 } },
      '/evaluate/topK',
      /there are 2 classes/,
    ],
    [
      'a top-k that isn’t asked for',
      { data: { target: 'size' }, stages: [{ ...stage, earlyStopping: { monitor: 'val_topKAccuracy' } }] },
      '/stages/0/earlyStopping/monitor',
      /val_accuracy, val_nll/,
    ],
    [
      'a monitor of another task',
      {
        data: { target: ['hot', 'wet'] },
        stages: [{ ...stage, earlyStopping: { monitor: 'val_rmse' } }],
      },
      '/stages/0/earlyStopping/monitor',
      /val_exactMatch/,
    ],
    [
      'Monte-Carlo dropout without dropout',
      { evaluate: { mcDropout: {} } },
      '/evaluate/mcDropout',
      /no dropout/,
    ],
    [
      'early stopping of a range test',
      { stages: [{ ...stage, schedule: { type: 'lrFinder' }, earlyStopping: { monitor: 'loss' } }] },
      '/stages/0/earlyStopping',
      /range test/,
    ],
    [
      'more than memory holds',
      {
        model: {
          layers: [
            { type: 'dense', units: 1_000_000 },
            { type: 'dense', units: 1_000_000 },
          ],
        },
      },
      '/model/layers/1',
      /more than memory can hold/,
    ],
    ['an unknown target', { data: { target: 'why' } }, '/data/target', /“?y”?/],
    [
      'an input that no layer is',
      { model: { layers: [dense({ inputs: ['nope'] })] } },
      '/model/layers/0',
      /“dense_1”.*“nope”, and no layer is named so/,
    ],
    [
      'an unknown input within a residual',
      { model: { layers: [{ type: 'residual', layers: [dense(), dense({ inputs: ['nope'] })] }] } },
      '/model/layers/0/layers/1',
      /“dense_2”.*“nope”/,
    ],
    [
      'a reference to what comes later',
      { model: { layers: [dense({ inputs: ['b'] }), dense({ name: 'b' })] } },
      '/model/layers/0',
      /“b”, which doesn’t come before/,
    ],
    [
      'a skip that refers to the residual that it is part of',
      {
        model: {
          layers: [{ type: 'residual', name: 'r', layers: [dense()], skip: [dense({ inputs: ['r'] })] }],
        },
      },
      '/model/layers/0/skip/0',
      /“r”, which doesn’t come before/,
    ],
    [
      'a layer that none takes',
      { model: { layers: [dense({ name: 'left' }), dense({ inputs: ['input'] })] } },
      '/model/layers/0',
      /“left”.*no layer takes its output/,
    ],
    [
      'a layer within a residual that none takes',
      {
        model: {
          layers: [{ type: 'residual', skip: [dense()], layers: [dense(), dense({ inputs: ['input'] })] }],
        },
      },
      '/model/layers/0/layers/0',
      /“dense_1”.*no layer takes its output/,
    ],
    [
      'a name that is used again within a residual',
      {
        model: {
          layers: [dense({ name: 'x' }), { type: 'residual', layers: [dense(), dense({ name: 'x' })] }],
        },
      },
      '/model/layers/1/layers/1/name',
      /another layer is named “x”/,
    ],
    [
      'a name that a residual uses twice',
      {
        model: {
          layers: [{ type: 'residual', layers: [dense({ name: 'x' })], skip: [dense({ name: 'x' })] }],
        },
      },
      '/model/layers/0/skip/0/name',
      /another layer is named “x”/,
    ],
    [
      'a layer named “input”',
      { model: { layers: [dense({ name: 'input' })] } },
      '/model/layers/0/name',
      /“input” is the network’s own input/,
    ],
    [
      'a layer named “input” in a skip',
      { model: { layers: [{ type: 'residual', layers: [dense()], skip: [dense({ name: 'input' })] }] } },
      '/model/layers/0/skip/0/name',
      /“input” is the network’s own input/,
    ],
    [
      'an output named “input”',
      { model: { layers: [], output: { name: 'input' } } },
      '/model/output/name',
      /“input” is the network’s own input/,
    ],
    [
      'a residual whose ways end in different shapes',
      { model: { layers: [{ type: 'residual', layers: [dense()] }] } },
      '/model/layers/0',
      /“residual_1”.*inputs of one shape.*\[4\], \[2\]/,
    ],
    [
      'two inputs for a layer that takes one',
      { model: { layers: [dense({ name: 'a' }), dense({ inputs: ['a', 'input'] })] } },
      '/model/layers/1',
      /takes one input, and gets \[4\], \[2\]/,
    ],
    [
      'an embedding within a residual that isn’t first',
      {
        model: {
          layers: [
            dense(),
            {
              type: 'residual',
              layers: [{ type: 'embedding', inputDim: 4, outputDim: 1 }, { type: 'flatten' }],
            },
          ],
        },
      },
      '/model/layers/1/layers/0',
      /first/,
    ],
  ])('refuses %s', (_, change, pointer, message) => {
    const found = faults(change);
    expect(found.map((fault) => fault.pointer)).toContain(pointer);
    expect(found.find((fault) => fault.pointer === pointer)!.message).toMatch(message);
  });

  it.each([
    [
      'dropoutBeforeBatchNorm',
      {
        model: {
          layers: [{ type: 'dense', units: 4 }, { type: 'dropout', rate: 0.1 }, { type: 'batchNorm' }],
        },
      },
    ],
    [
      'batchNormBatchOne',
      { model: { layers: [{ type: 'batchNorm' }] }, stages: [{ ...stage, batchSize: 1 }] },
    ],
    [
      'seluConditions',
      { model: { layers: [{ type: 'dense', units: 4, activation: 'selu', initializer: 'heNormal' }] } },
    ],
    [
      'seluConditions',
      {
        model: {
          layers: [
            { type: 'dense', units: 4, activation: 'selu' },
            { type: 'dropout', rate: 0.1 },
          ],
        },
      },
    ],
    ['highLearningRate', { stages: [{ ...stage, optimizer: { type: 'adam', learningRate: 0.5 } }] }],
    ['shortRangeTest', { stages: [{ ...stage, schedule: { type: 'lrFinder' } }] }],
    ['longWarmup', { stages: [{ ...stage, schedule: { type: 'constant', warmup: { steps: 9 } } }] }],
    [
      'muchMemory',
      {
        model: {
          layers: [
            { type: 'dense', units: 400_000_000 / 1_000 },
            { type: 'dense', units: 2_000 },
          ],
        },
      },
    ],
    ['manyParameters', { model: { layers: [{ type: 'dense', units: 2_000 }] } }],
  ])('warns of %s', (code, change) => {
    expect(validate(change).warnings.map((warning) => warning.code)).toContain(code);
  });

  it('doesn’t warn of a high rate that is scaled down', () => {
    const optimizer = { type: 'adam', learningRate: 0.5 };
    expect(validate({ stages: [{ ...stage, optimizer, learningRateScale: 0.1 }] }).warnings).toEqual([]);
  });

  const selu = (more: object = {}) => dense({ activation: 'selu', ...more });
  const seluWarnings = (layers: object[], data: object = {}) =>
    validate({ model: { layers }, data }).warnings.filter(({ code }) => code === 'seluConditions');

  it.each([
    [
      'an initializer that isn’t LeCun’s',
      [selu({ name: 's', initializer: 'heNormal' })],
      {},
      'the initializer of “s” isn’t lecunNormal',
    ],
    [
      'an activation by itself on a kernel that isn’t LeCun’s',
      [dense({ name: 'd' }), { type: 'activation', activation: 'selu' }],
      {},
      'the initializer of “d” isn’t lecunNormal',
    ],
    ['inputs as they are', [selu()], { standardize: false }, 'the inputs aren’t standardized'],
    [
      'branches',
      [selu({ name: 'a' }), selu({ inputs: ['input'], name: 'b' }), { type: 'concat', inputs: ['a', 'b'] }],
      {},
      'the layers don’t stand one upon another alone',
    ],
    [
      'a residual',
      [selu(), { type: 'residual', layers: [selu()] }],
      {},
      'the layers don’t stand one upon another alone',
    ],
    [
      'layers that aren’t dense',
      [selu(), { type: 'gaussianNoise', name: 'noise', std: 0.1 }],
      {},
      'not all layers are dense (“noise” isn’t)',
    ],
    [
      'convolutions',
      [
        { type: 'reshape', shape: [2, 1] },
        { type: 'conv1d', name: 'c', filters: 2, kernelSize: 1, activation: 'selu' },
        { type: 'flatten' },
      ],
      {},
      'not all layers are dense (“c” isn’t)',
    ],
    ['plain dropout', [selu(), { type: 'dropout', rate: 0.1 }], {}, 'dropout should be alphaDropout'],
  ])('warns a SELU layer of %s', (_, layers, data, fault) => {
    const warnings = seluWarnings(layers, data);
    const at = layers.flatMap((layer, i) =>
      'activation' in layer && layer.activation === 'selu' ? [`/model/layers/${i}`] : [],
    );
    expect(warnings.map(({ pointer }) => pointer)).toEqual(expect.arrayContaining(at));
    for (const { message } of warnings) expect(message.split(/, and here |; /)).toContain(fault);
  });

  it('names every fault that there is, and only SELU layers', () => {
    const layers = [
      selu({ initializer: 'ones' }),
      dense({ activation: 'relu' }),
      { type: 'dropout', rate: 0.1 },
    ];
    const [warning, ...others] = seluWarnings(layers, { standardize: false });
    expect(others).toEqual([]);
    expect(warning).toEqual({
      code: 'seluConditions',
      pointer: '/model/layers/0',
      message:
        'SELU keeps mean 0 and variance 1 only under its conditions, and here the initializer of “dense_1” isn’t ' +
        'lecunNormal; the inputs aren’t standardized; “dense_2” has another activation; dropout should be alphaDropout',
    });
  });

  it.each([
    ['are met', [selu(), { type: 'alphaDropout', rate: 0.1 }]],
    ['are met by a batch norm in the place of standardized inputs', [{ type: 'batchNorm' }, selu()]],
    [
      'are met by a SELU by itself',
      [dense({ initializer: 'lecunNormal' }), { type: 'activation', activation: 'selu' }],
    ],
    [
      'are met by a batch norm before a SELU by itself',
      [dense(), { type: 'batchNorm' }, { type: 'activation', activation: 'selu' }],
    ],
  ])('does not warn where SELU’s conditions %s', (_, layers) => {
    expect(validate({ model: { layers } }).warnings).toEqual([]);
  });
});
