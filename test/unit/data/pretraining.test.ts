import { describe, expect, it } from 'vitest';
import { decodeInput } from '../../../src/data/decode-inputs.ts';
import { encodeInputs } from '../../../src/data/encode-inputs.ts';
import type { Examples } from '../../../src/data/examples.ts';
import { planData } from '../../../src/data/plan.ts';
import type { JobSpecInput } from '../../../src/spec/job.ts';
import type { ObjectiveSpec } from '../../../src/spec/objective.ts';
import { Preprocess } from '../../../src/spec/preprocess.ts';
import { idxFile } from '../../idx.ts';
import { csv, jobSpec, prepared, schemaOf } from './fixture.ts';

type Data = Omit<JobSpecInput['data'], 'dataset'>;

/** Forty rows, numbered; every third has no label, and `team` has four in turn. */
const ROWS = csv(
  'n,wet,team,label',
  Array.from({ length: 40 }, (_, i) => [
    i,
    i % 2 === 0,
    `t${i % 4}`,
    i % 3 === 0 ? '' : ['cat', 'dog'][i % 2],
  ]),
);
/** An objective that says all by its type. */
type PlainType = Exclude<ObjectiveSpec['type'], 'gan'>;

const AUTOENCODER = { type: 'autoencoder' } as const;
const specOf = (data: Data, type: PlainType) => jobSpec(data, [], 7, { type });

async function problems(data: Data, type: PlainType = 'autoencoder', content = ROWS) {
  const spec = specOf(data, type);
  const task = { autoencoder: 'reconstruction', pairs: 'pairs' } as const;
  const planning = planData(spec.data, await schemaOf(content), [], { pretraining: task[type as 'pairs'] });
  return 'problems' in planning ? planning.problems.map(({ pointer, message }) => [pointer, message]) : [];
}

const numbersOf = ({ x, width, count }: Examples) => Array.from({ length: count }, (_, i) => x[i * width]!);
const prepare = (data: Data, type: PlainType = 'autoencoder') => prepared(ROWS, specOf(data, type));
const rowsOf = async (data: Data) => {
  const { train, validation, test } = await prepare({ standardize: false, ...data });
  return [train, validation, test].flatMap(numbersOf).sort((a, b) => a - b);
};
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

describe('without a target', () => {
  it('every column is an input, and every row has its part', async () => {
    const { preprocess, train, warnings } = await prepare({ missing: 'mean' });
    expect(preprocess).toMatchObject({ task: 'reconstruction', target: { type: 'input' } });
    expect(preprocess.inputs.map(({ name }) => name)).toEqual(['n', 'wet', 'team', 'label']);
    expect([train.units, train.y.length, train.count]).toEqual([0, 0, 32]);
    expect(warnings).toEqual([]);
    expect(await rowsOf({ missing: 'mean' })).toEqual(upTo(40));
  });

  it('a missing input is refused or dropped as ever', async () => {
    expect(await problems({})).toEqual([
      ['/data/missing', expect.stringMatching(/“label” lacks a value in 14/)],
    ]);
    expect(await rowsOf({ missing: 'drop' })).toEqual(upTo(40).filter((i) => i % 3 > 0));
  });

  it('pictures need no labels', async () => {
    const images = { name: 'image', type: 'tensor' as const, shape: [2, 2, 1], missing: 0, distinct: null };
    const planning = planData(jobSpec({}).data, { rows: 30, columns: [images] }, [], {
      pretraining: 'rotation',
    });
    expect(planning).toMatchObject({
      plan: { task: 'rotation', targets: [], classed: null, inputShape: [2, 2, 1], outputUnits: 4, rows: 30 },
    });
  });

  it('pictures that came without labels are learned from, and say so to whoever would predict', async () => {
    const images = idxFile(
      [20, 2, 2],
      Array.from({ length: 80 }, (_, i) => i),
    );
    const { train, validation } = await prepared(images, specOf({}, 'autoencoder'), { format: 'idx' });
    expect([train.count + validation.count, train.width, train.units]).toEqual([18, 4, 0]);
    const schema = await schemaOf(images, 'idx');
    for (const pretraining of [undefined, 'pairs'] as const)
      expect(planData(jobSpec({}).data, schema, [], { pretraining })).toEqual({
        problems: [
          {
            pointer: '/data/target',
            message: expect.stringMatching(/^the data set has no labels: pretrain/),
          },
        ],
      });
  });

  it.each([
    ['classes', ['cat', 'dog']],
    ['limitPerClass', 3],
  ])('there is nothing to pick rows by: %s', async (setting, value) => {
    expect(await problems({ inputs: ['n'], [setting]: value })).toEqual([
      [`/data/${setting}`, 'name a target that has classes to pick rows by them'],
    ]);
  });
});

describe('a target that isn’t predicted', () => {
  it('is no input, and a row without it counts', async () => {
    const { preprocess } = await prepare({ target: 'label' });
    expect(preprocess.inputs.map(({ name }) => name)).toEqual(['n', 'wet', 'team']);
    expect(await rowsOf({ target: 'label' })).toEqual(upTo(40));
    expect(await problems({ inputs: ['n', 'label'], target: 'label' })).toEqual([
      ['/data/inputs/1', '“label” is the target, so it can’t be an input'],
    ]);
  });

  it('may be of any kind, and several', async () => {
    for (const target of ['n', ['wet', 'label']])
      expect((await prepare({ target, inputs: ['team'] })).train.count).toBe(32);
  });

  it('picks rows by its classes: those that are asked for, or so many of each', async () => {
    const isCat = (i: number) => i % 3 > 0 && i % 2 === 0;
    expect(await rowsOf({ target: 'label', classes: ['cat', 'dog'] })).toHaveLength(26);
    const limited = await rowsOf({ target: 'label', limitPerClass: 5 });
    expect(limited.filter((i) => i % 3 === 0)).toHaveLength(14);
    expect(limited.filter(isCat)).toHaveLength(5);
    expect(limited).toHaveLength(24);
    expect(await problems({ target: 'label', classes: ['cat', 'cow'] })).toEqual([
      ['/data/classes/1', expect.stringMatching(/no class “cow”/)],
    ]);
  });

  it('keeps each class’s share in every split', async () => {
    const split = { validation: 0.25, test: 0 };
    const { validation } = await prepare({
      inputs: ['n'],
      standardize: false,
      target: 'team',
      split,
    });
    const teams = [0, 1, 2, 3].map((team) => numbersOf(validation).filter((i) => i % 4 === team).length);
    expect(teams.filter((count) => count === 2 || count === 3)).toHaveLength(4);
  });

  it('must be there, and gives its classes no weight', async () => {
    expect(await problems({ target: 'lable', missing: 'mean' })).toEqual([
      ['/data/target', expect.stringMatching(/no column “lable”.*label/)],
    ]);
    expect(await problems({ target: 'label', classWeights: 'balanced' })).toEqual([
      ['/data/classWeights', 'only a classification weighs its classes, and this is a reconstruction'],
    ]);
  });
});

describe('pairs', () => {
  it('have the number of a group for a target, of labels or of numbers', async () => {
    const { preprocess, train } = await prepare(
      { target: 'team', inputs: ['n'], standardize: false },
      'pairs',
    );
    expect(preprocess).toMatchObject({ task: 'pairs', target: { type: 'sameness', name: 'team' } });
    expect(train.units).toBe(1);
    for (const [i, n] of numbersOf(train).entries())
      for (const [j, m] of numbersOf(train).entries())
        expect(train.y[i] === train.y[j]).toBe(n % 4 === m % 4);
    const numbered = csv(
      'a,digit',
      upTo(40).map((i) => [i, i % 3]),
    );
    expect((await prepared(numbered, specOf({ target: 'digit' }, 'pairs'))).train.y.every((y) => y < 3)).toBe(
      true,
    );
  });

  it('leave out what has no group', async () => {
    const { train, validation, test } = await prepare({ target: 'label', missing: 'drop' }, 'pairs');
    expect(train.count + validation.count + test.count).toBe(26);
  });

  it.each([
    [{}, '/data/target', 'say which column is the target'],
    [{ target: ['wet', 'team'] }, '/data/target', 'pairs are told apart by one column: name a single one'],
    [{ target: 'team', task: 'regression' }, '/data/task', /not by a regression/],
    [{ target: 'team', sampleWeight: 'n' }, '/data/sampleWeight', /drawn of all rows alike/],
    [{ target: 'label' }, '/data/missing', /“label” lacks a value/],
    [{ target: 'team', classWeights: 'balanced' }, '/data/classWeights', /this is the comparison of pairs/],
  ] as [Data, string, unknown][])('refuse %j', async (data, pointer, message) => {
    const found = await problems({ inputs: ['n'], ...data } as Data, 'pairs');
    expect(found).toContainEqual([
      pointer,
      message instanceof RegExp ? expect.stringMatching(message) : message,
    ]);
  });

  it('want two rows of one value to train on', async () => {
    const lone = csv(
      'a,who',
      upTo(20).map((i) => [i, `w${i}`]),
    );
    await expect(prepared(lone, specOf({ target: 'who', inputs: ['a'] }, 'pairs'))).rejects.toThrow(
      /no two rows to train on have the same value/,
    );
  });
});

describe('decoding', () => {
  it('undoes the encoding of a row, a missing category too', async () => {
    const spec = jobSpec({ missing: 'mean', inputs: ['n', 'wet', 'team', 'label'] }, [], 7, AUTOENCODER);
    const { preprocess } = await prepared(ROWS, spec);
    const rows = [
      { n: 7, wet: true, team: 't3', label: 'dog' },
      { n: -2.5, wet: false, team: 't0', label: null },
    ];
    const { x, width } = await encodeInputs(preprocess, rows);
    for (const [i, row] of rows.entries()) {
      const decoded = decodeInput(preprocess, Float64Array.from(x.subarray(i * width, (i + 1) * width)));
      expect(decoded).toEqual({ ...row, n: expect.closeTo(row.n, 5) });
    }
  });

  it('gives pictures as nested lists in their own units', async () => {
    const pixels = Array.from({ length: 20 * 12 }, (_, i) => (i * 7) % 256);
    const content = Buffer.concat([
      idxFile([20, 2, 2, 3], pixels),
      idxFile(
        [20],
        upTo(20).map((i) => i % 2),
      ),
    ]);
    const { preprocess } = await prepared(content, jobSpec({}, [], 7, AUTOENCODER), { format: 'idx' });
    const image = [0, 1].map((y) =>
      [0, 1].map((x) => [0, 1, 2].map((channel) => 1 + 100 * y + 10 * x + channel)),
    );
    const { x } = await encodeInputs(preprocess, [{ image }]);
    const decoded = decodeInput(preprocess, Float64Array.from(x)) as { image: number[][][] };
    expect(decoded.image.map((row) => row.map((pixel) => pixel.map(Math.round)))).toEqual(image);
  });

  it('gives the rows of a window, and what is no number as text', () => {
    const preprocess = Preprocess.parse({
      task: 'reconstruction',
      inputs: [{ type: 'number', name: 'a', mean: 10, std: 2 }],
      target: { type: 'input' },
      window: { length: 2, horizon: 1, ids: false },
    });
    expect(decodeInput(preprocess, Float64Array.of(1, Number.NaN))).toEqual([{ a: 12 }, { a: 'NaN' }]);
  });
});

describe('windows', () => {
  it('are put together again, their target’s own past included', async () => {
    const series = csv(
      'a,b',
      upTo(60).map((i) => [i, i % 5]),
    );
    const spec = jobSpec({ window: { length: 4 }, target: 'b' }, [], 7, AUTOENCODER);
    const { preprocess, train } = await prepared(series, spec);
    expect(preprocess.inputs.map(({ name }) => name)).toEqual(['a', 'b']);
    expect([train.width, train.units, preprocess.window]).toEqual([
      8,
      0,
      { length: 4, horizon: 1, ids: false },
    ]);
  });
});
