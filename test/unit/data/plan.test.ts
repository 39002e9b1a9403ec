import { createReadStream } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { inferSchema } from '../../../src/data/infer-schema.ts';
import { type DataPlan, type Planning, planData } from '../../../src/data/plan.ts';
import { readRows } from '../../../src/data/readers/index.ts';
import { hiddenLayers } from '../../../src/spec/expand.ts';
import type { JobSpecInput } from '../../../src/spec/job.ts';
import { type ColumnTypes, csv, jobSpec, schemaOf } from './fixture.ts';

type Data = Omit<JobSpecInput['data'], 'dataset'>;
type Layers = JobSpecInput['model']['layers'];

/** Thirty houses: numbers, a category, a boolean, a split, weights, text, a gap, and a constant. */
const HOUSES = csv(
  'size,price,town,new,fold,weight,note,age,unit,floor',
  Array.from({ length: 30 }, (_, i) => [
    50 + i,
    (1000 + i) / 8,
    ['Bern', 'Genf', 'Basel'][i % 3],
    i % 2 === 0,
    ['train', 'validation', 'test'][i % 3],
    1 + (i % 4),
    `note ${i}`,
    i === 4 ? '' : i,
    'm2',
    i % 5,
  ]),
);

async function plan(
  data: Data,
  layers: Layers = [],
  content = HOUSES,
  types: ColumnTypes = {},
): Promise<Planning> {
  const spec = jobSpec(data, layers);
  return planData(spec.data, await schemaOf(content, 'csv', types), hiddenLayers(spec.model));
}

async function planned(...args: Parameters<typeof plan>): Promise<DataPlan> {
  const planning = await plan(...args);
  if ('problems' in planning) throw new Error(JSON.stringify(planning.problems));
  return planning.plan;
}

async function problems(...args: Parameters<typeof plan>): Promise<[string, string][]> {
  const planning = await plan(...args);
  return 'problems' in planning ? planning.problems.map(({ pointer, message }) => [pointer, message]) : [];
}

async function warnings(...args: Parameters<typeof plan>): Promise<[string, string][]> {
  const planning = await plan(...args);
  if ('problems' in planning) throw new Error(JSON.stringify(planning.problems));
  return planning.warnings.map(({ code, pointer }) => [code, pointer]);
}

const inputs = ['size', 'town'];

describe('what a spec leaves open', () => {
  it('takes every column for an input but the target, the split and the weight', async () => {
    const content = csv(
      'a,b,y,fold,w',
      Array.from({ length: 9 }, (_, i) => [i, i % 2, i / 2, 'train', 1]),
    );
    const { inputs } = await planned(
      { target: 'y', split: { column: 'fold' }, sampleWeight: 'w' },
      [],
      content,
    );
    expect(inputs).toEqual([
      { name: 'a', type: 'number' },
      { name: 'b', type: 'number' },
    ]);
  });

  it('keeps the order in which inputs are named', async () => {
    expect(
      (await planned({ target: 'price', inputs: ['town', 'size'] })).inputs.map(({ name }) => name),
    ).toEqual(['town', 'size']);
  });

  it('regresses numbers and classifies the rest', async () => {
    expect(await planned({ target: 'price', inputs })).toMatchObject({
      task: 'regression',
      classes: null,
      outputUnits: 1,
      rows: 30,
    });
    expect(await planned({ target: 'town', inputs: ['size'] })).toMatchObject({
      task: 'classification',
      classes: ['Basel', 'Bern', 'Genf'],
      outputUnits: 3,
    });
    expect((await planned({ target: 'new', inputs })).classes).toEqual(['false', 'true']);
  });

  it('classifies a number column when told to, its classes sorted as numbers', async () => {
    const content = csv(
      'x,y',
      Array.from({ length: 33 }, (_, i) => [i, i % 11]),
    );
    const { classes } = await planned({ target: 'y', task: 'classification' }, [], content);
    expect(classes).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '10']);
  });

  it('counts one place a number, and a category’s classes with one for missing ones', async () => {
    expect((await planned({ target: 'price', inputs: ['size', 'town', 'new'] })).inputShape).toEqual([5]);
    expect((await planned({ target: 'price', inputs: ['town'], missing: 'mean' })).inputShape).toEqual([4]);
  });

  it('standardizes unless told not to, and leaves inputs alone before a batch norm or an embedding', async () => {
    const standardized = async (data: Partial<Data>, layers: Layers = []) => {
      const settled = await planned({ target: 'price', inputs: ['floor'], ...data }, layers);
      return [settled.standardizeInputs, settled.standardizeTarget];
    };
    expect(await standardized({})).toEqual([true, true]);
    expect(await standardized({ standardize: false })).toEqual([false, false]);
    expect(await standardized({}, [{ type: 'batchNorm' }])).toEqual([false, true]);
    expect(await standardized({ standardize: true }, [{ type: 'batchNorm' }])).toEqual([true, true]);
    expect(await standardized({}, [{ type: 'embedding', inputDim: 5, outputDim: 2 }])).toEqual([false, true]);
    expect((await planned({ target: 'town', inputs: ['size'] })).standardizeTarget).toBe(false);
  });

  it('counts the rows of the classes that are kept', async () => {
    const data = { target: 'town', inputs: ['size'], classes: ['Bern', 'Genf'], limitPerClass: 4 };
    expect(await planned(data)).toMatchObject({ classes: ['Bern', 'Genf'], rows: 8, outputUnits: 2 });
  });
});

describe('problems', () => {
  it.each<[string, Data, string, RegExp]>([
    [
      'a target that isn’t there',
      { target: 'prise', inputs },
      '/data/target',
      /no column “prise” \(do you mean “price”\?\)/,
    ],
    ['a target of text', { target: 'note', inputs }, '/data/target', /text with too many different values/],
    ['a constant target', { target: 'unit', inputs }, '/data/target', /only one class, “m2”/],
    [
      'an input that isn’t there',
      { target: 'price', inputs: ['size', 'Town'] },
      '/data/inputs/1',
      /do you mean “town”/,
    ],
    [
      'an input that is nothing like a column',
      { target: 'price', inputs: ['zzzzzz'] },
      '/data/inputs/0',
      /no column “zzzzzz”$/,
    ],
    ['an input of text', { target: 'price', inputs: ['size', 'note'] }, '/data/inputs/1', /“note” is text/],
    ['text among all columns', { target: 'price', missing: 'mean' }, '/data/inputs', /“note” is text/],
    [
      'the target among the inputs',
      { target: 'price', inputs: ['size', 'price'] },
      '/data/inputs/1',
      /“price” is the target/,
    ],
    ['an input twice', { target: 'price', inputs: ['size', 'size'] }, '/data/inputs/1', /stands twice/],
    [
      'the split among the inputs',
      { target: 'price', inputs: ['fold'], split: { column: 'fold' } },
      '/data/inputs/0',
      /“fold” is the split/,
    ],
    [
      'missing values',
      { target: 'price', inputs: ['size', 'age'] },
      '/data/missing',
      /“age” lacks a value in 1 row; choose drop or mean/,
    ],
    ['a missing target', { target: 'age', inputs }, '/data/missing', /“age” lacks a value/],
    [
      'a regression on text',
      { target: 'town', task: 'regression', inputs: ['size'] },
      '/data/task',
      /“town” is a category/,
    ],
    [
      'a class that isn’t there',
      { target: 'town', inputs: ['size'], classes: ['Bern', 'Gemf'] },
      '/data/classes/1',
      /no class “Gemf” \(do you mean “Genf”\?\)/,
    ],
    [
      'a class twice',
      { target: 'town', inputs: ['size'], classes: ['Bern', 'Bern'] },
      '/data/classes/1',
      /stands twice/,
    ],
    [
      'classes of a regression',
      { target: 'price', inputs, classes: ['a', 'b'] },
      '/data/classes',
      /only a classification/,
    ],
    [
      'a limit per class of a regression',
      { target: 'price', inputs, limitPerClass: 3 },
      '/data/limitPerClass',
      /only a classification/,
    ],
    [
      'class weights of a regression',
      { target: 'price', inputs, classWeights: 'balanced' },
      '/data/classWeights',
      /only a classification/,
    ],
    [
      'a weight for no class',
      { target: 'town', inputs: ['size'], classWeights: { 'a/b~': 1 } },
      '/data/classWeights/a~1b~0',
      /no class “a\/b~”/,
    ],
    [
      'class weights of 0',
      { target: 'new', inputs, classWeights: { true: 0, false: 0 } },
      '/data/classWeights',
      /every class has the weight 0/,
    ],
    [
      'weights that are no numbers',
      { target: 'price', inputs: ['size'], sampleWeight: 'town' },
      '/data/sampleWeight',
      /“town” is a category/,
    ],
    [
      'weights that aren’t there',
      { target: 'price', inputs, sampleWeight: 'weigth' },
      '/data/sampleWeight',
      /do you mean “weight”/,
    ],
    [
      'the target as weight',
      { target: 'price', inputs, sampleWeight: 'price' },
      '/data/sampleWeight',
      /is the target/,
    ],
    [
      'a split column that isn’t there',
      { target: 'price', inputs, split: { column: 'folds' } },
      '/data/split/column',
      /do you mean “fold”/,
    ],
    [
      'a split column of other words',
      { target: 'price', inputs: ['size'], split: { column: 'town' } },
      '/data/split/column',
      /must say train, validation, test, and says “Basel” too/,
    ],
    [
      'the target as split',
      { target: 'fold', inputs, split: { column: 'fold' } },
      '/data/split/column',
      /is the target/,
    ],
    [
      'a class that is no number of a number column',
      { target: 'price', task: 'classification', inputs, classes: ['125', '7'] },
      '/data/classes/1',
      /no class “7”/,
    ],
  ])('finds %s', async (_what, data, pointer, message) => {
    expect(await problems(data)).toEqual([[pointer, expect.stringMatching(message)]]);
  });

  it('finds a number target with too many values to classify', async () => {
    const content = csv(
      'x,y',
      Array.from({ length: 300 }, (_, i) => [i, i / 2]),
    );
    expect(await problems({ target: 'y', task: 'classification' }, [], content)).toEqual([
      ['/data/target', expect.stringMatching(/too many different values to classify/)],
    ]);
  });

  it('finds one class only, and a constant number', async () => {
    const one = csv(
      'x,y',
      Array.from({ length: 20 }, (_, i) => [i, 'cat']),
    );
    expect(await problems({ target: 'y' }, [], one)).toEqual([
      ['/data/target', '“y” has only one class, “cat”: there is nothing to tell apart'],
    ]);
    const constant = csv(
      'x,y',
      Array.from({ length: 20 }, (_, i) => [i, 5]),
    );
    expect(await problems({ target: 'y' }, [], constant)).toEqual([
      ['/data/target', expect.stringMatching(/the same in every row/)],
    ]);
  });

  it('finds NaN in the data', async () => {
    const content = csv(
      'x,y',
      Array.from({ length: 20 }, (_, i) => [i % 3 === 0 ? 'NaN' : i, i]),
    );
    expect(await problems({ target: 'y' }, [], content)).toEqual([
      ['/data/missing', '“x” lacks a value in 7 rows; choose drop or mean, or complete the data'],
    ]);
    expect(await problems({ target: 'y', missing: 'drop' }, [], content)).toEqual([]);
    expect(await problems({ target: 'y', missing: 'mean' }, [], content)).toEqual([]);
  });

  it('finds that there are too few rows, and no column to learn from', async () => {
    expect(await problems({ target: 'y' }, [], 'x,y\n1,2\n2,3\n3,4\n')).toEqual([
      ['/data/dataset', '3 rows are too few to train on'],
    ]);
    expect(await problems({ target: 'y' }, [], 'y\n1\n2\n3\n4\n')).toEqual([
      ['/data/inputs', expect.stringMatching(/no column beside the target/)],
    ]);
  });

  it('finds an input without values and one with too many categories', async () => {
    const empty = csv(
      'x,y',
      Array.from({ length: 20 }, (_, i) => ['', i]),
    );
    expect(await problems({ target: 'y', missing: 'mean' }, [], empty)).toEqual([
      ['/data/inputs', expect.stringMatching(/“x” has no values/)],
    ]);
    const many = csv(
      'x,y',
      Array.from({ length: 1_001 }, (_, i) => [`k${i}`, i]),
    );
    expect(await problems({ target: 'y' }, [], many, { x: 'category' })).toEqual([
      ['/data/inputs', expect.stringMatching(/“x” has more than 1000 categories/)],
    ]);
  });

  it('finds a split column that leaves nothing to train on, and negative weights', async () => {
    const content = csv(
      'x,y,fold,w',
      Array.from({ length: 9 }, (_, i) => [i, i, 'test', i - 4]),
    );
    const data = { target: 'y', split: { column: 'fold' }, sampleWeight: 'w' };
    expect(await problems(data, [], content)).toEqual([
      ['/data/sampleWeight', '“w” has negative weights'],
      ['/data/split/column', '“fold” gives no row to train on'],
    ]);
  });

  it('finds what an embedding can’t take', async () => {
    const embedding: Layers = [{ type: 'embedding', inputDim: 5, outputDim: 2 }];
    expect(await problems({ target: 'price', inputs: ['floor'] }, embedding)).toEqual([]);
    expect(await problems({ target: 'price', inputs: ['floor', 'size', 'town'] }, embedding)).toEqual([
      ['/data/inputs/1', expect.stringMatching(/whole numbers from 0 to 4, and “size” has others/)],
      ['/data/inputs/2', expect.stringMatching(/“town” is a category/)],
    ]);
    expect(await problems({ target: 'price', inputs: ['floor'], standardize: true }, embedding)).toEqual([
      ['/data/standardize', expect.stringMatching(/an embedding takes ids/)],
    ]);
    const content = csv(
      'id,y',
      Array.from({ length: 20 }, (_, i) => [i === 3 ? '' : i % 5, i]),
    );
    expect(await problems({ target: 'y', missing: 'mean' }, embedding, content)).toEqual([
      ['/data/missing', expect.stringMatching(/the mean of “id” is no id/)],
    ]);
  });

  it('tells everything at once, but not without end', async () => {
    const several = await problems({
      target: 'prise',
      inputs: ['size', 'note', 'zzzzzz'],
      sampleWeight: 'town',
    });
    expect(several.map(([pointer]) => pointer)).toEqual([
      '/data/target',
      '/data/inputs/2',
      '/data/inputs/1',
      '/data/sampleWeight',
    ]);
    const unknown = Array.from({ length: 5_000 }, (_, i) => `unknown ${i}`);
    expect(await problems({ target: 'price', inputs: unknown })).toHaveLength(20);
  });
});

/** Twenty songs: labels as booleans, numbers and categories, and what looks like labels and isn't. */
const SONGS = csv(
  'tempo,loud,happy,live,odd,three,name,never,hole,fold',
  Array.from({ length: 20 }, (_, i) => [
    60 + i,
    i % 2 === 0,
    i % 3 === 0 ? 1 : 0,
    i % 4 < 2 ? 'True' : '0',
    i === 0 ? 1 : 0,
    i % 3,
    `song ${i}`,
    0,
    i === 5 ? '' : i % 2,
    'train',
  ]),
);

describe('several targets', () => {
  const songs = (data: Data) => plan({ inputs: ['tempo'], ...data }, [], SONGS);
  const found = (data: Data) => problems({ inputs: ['tempo'], ...data }, [], SONGS);

  it('are the labels of a multilabel task, whose inputs are the columns that are left', async () => {
    const target = ['loud', 'happy', 'live'];
    expect(await songs({ target })).toMatchObject({
      plan: {
        task: 'multilabel',
        targets: [{ name: 'loud' }, { name: 'happy' }, { name: 'live' }],
        classes: null,
        standardizeTarget: false,
        outputUnits: 3,
        rows: 20,
      },
      warnings: [],
    });
    const content = csv(
      'a,b,c',
      Array.from({ length: 9 }, (_, i) => [i, i % 2, i % 3 === 0]),
    );
    expect((await planned({ target: ['b', 'c'], task: 'multilabel' }, [], content)).inputs).toEqual([
      { name: 'a', type: 'number' },
    ]);
  });

  it.each<[string, Data, string, RegExp]>([
    [
      'one that isn’t there',
      { target: ['loud', 'hapy'] },
      '/data/target/1',
      /no column “hapy” \(do you mean “happy”\?\)/,
    ],
    ['one twice', { target: ['loud', 'happy', 'loud'] }, '/data/target/2', /“loud” stands twice/],
    [
      'one of three values',
      { target: ['loud', 'three'] },
      '/data/target/1',
      /“three” has other values than 0/,
    ],
    ['one of text', { target: ['name', 'loud'] }, '/data/target/0', /“name” has other values than 0/],
    ['one that never changes', { target: ['loud', 'never'] }, '/data/target/1', /the same in every row/],
    ['one among the inputs', { target: ['loud', 'tempo'] }, '/data/inputs/0', /“tempo” is the target/],
    [
      'one as the weight',
      { target: ['loud', 'happy'], sampleWeight: 'happy' },
      '/data/sampleWeight',
      /is the/,
    ],
    [
      'one as the split',
      { target: ['loud', 'fold'], split: { column: 'fold' } },
      '/data/split/column',
      /is the/,
    ],
    ['missing values', { target: ['loud', 'hole'] }, '/data/missing', /“hole” lacks a value in 1 row/],
    [
      'another task',
      { target: ['loud', 'happy'], task: 'classification' },
      '/data/task',
      /several targets make the task multilabel/,
    ],
    ['a single target', { target: 'loud', task: 'multilabel' }, '/data/target', /two or more targets/],
    ['classes', { target: ['loud', 'happy'], classes: ['0', '1'] }, '/data/classes', /this is multilabel/],
    [
      'a limit per class',
      { target: ['loud', 'happy'], limitPerClass: 3 },
      '/data/limitPerClass',
      /multilabel/,
    ],
    [
      'class weights',
      { target: ['loud', 'happy'], classWeights: 'balanced' },
      '/data/classWeights',
      /multilabel/,
    ],
  ])('are refused with %s', async (_what, data, pointer, message) => {
    const faults = await found(data);
    expect(faults.map((fault) => fault[0])).toContain(pointer);
    expect(faults.find((fault) => fault[0] === pointer)![1]).toMatch(message);
  });

  it('warn of a label with a single row', async () => {
    expect(await warnings({ inputs: ['tempo'], target: ['loud', 'odd'] }, [], SONGS)).toEqual([
      ['rareLabel', '/data/target/1'],
    ]);
  });
});

describe('warnings', () => {
  it('warns of labels that are regressed, unless the task is said', async () => {
    expect(await warnings({ target: 'floor', inputs: ['size'] })).toEqual([['integerTarget', '/data/task']]);
    expect(await warnings({ target: 'floor', inputs: ['size'], task: 'regression' })).toEqual([]);
    expect(await warnings({ target: 'price', inputs: ['size'] })).toEqual([]);
  });

  it('warns of a constant input', async () => {
    expect(await warnings({ target: 'price', inputs: ['size', 'unit'] })).toEqual([
      ['constantInput', '/data/inputs/1'],
    ]);
  });

  it('warns of a class with a single row, and of classes out of balance', async () => {
    const rows = (counts: Record<string, number>) =>
      csv(
        'x,y',
        Object.entries(counts).flatMap(([name, n]) => Array.from({ length: n }, (_, i) => [i, name])),
      );
    expect(await warnings({ target: 'y' }, [], rows({ a: 8, b: 1 }))).toEqual([
      ['rareClass', '/data/target'],
    ]);
    expect(await warnings({ target: 'y' }, [], rows({ a: 30, b: 3 }))).toEqual([
      ['imbalance', '/data/classWeights'],
    ]);
    expect(await warnings({ target: 'y', classWeights: 'balanced' }, [], rows({ a: 30, b: 3 }))).toEqual([]);
    expect(await warnings({ target: 'y' }, [], rows({ a: 9, b: 3 }))).toEqual([]);
  });
});

it('plans the examples as their README says', async () => {
  const plan = async (name: string, data: Data) => {
    const schema = await inferSchema(readRows(createReadStream(`examples/data/${name}.csv`), 'csv'));
    return planData(jobSpec(data).data, schema, []);
  };
  expect(await plan('concrete', { target: 'strength' })).toMatchObject({
    plan: { task: 'regression', inputShape: [8], outputUnits: 1, rows: 1_030 },
    warnings: [],
  });
  expect(await plan('digits', { target: 'digit', task: 'classification' })).toMatchObject({
    plan: { task: 'classification', inputShape: [64], outputUnits: 10, rows: 1_797 },
    warnings: [{ code: 'constantInput' }, { code: 'constantInput' }, { code: 'constantInput' }],
  });
  expect(await plan('digits', { target: 'digit' })).toMatchObject({
    plan: { task: 'regression' },
    warnings: [{ code: 'integerTarget' }, {}, {}, {}],
  });
});
