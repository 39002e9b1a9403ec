import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataError } from '../../../src/data/data-error.ts';
import { encodeInputs } from '../../../src/data/encode-inputs.ts';
import type { Examples } from '../../../src/data/examples.ts';
import { inferSchema } from '../../../src/data/infer-schema.ts';
import { type PreparedData, prepareData } from '../../../src/data/prepare-data.ts';
import { readRows } from '../../../src/data/readers/index.ts';
import { Preprocess } from '../../../src/spec/preprocess.ts';
import { csv, jobSpec, prepared, schemaOf } from './fixture.ts';

const rowsOf = ({ x, width, count }: Examples) =>
  Array.from({ length: count }, (_, i) => [...x.subarray(i * width, (i + 1) * width)]);

/** The one column of these examples. */
const only = (examples: Examples) => [...examples.x];

const everything = ({ train, validation, test }: PreparedData) =>
  [...only(train), ...only(validation), ...only(test)].sort((a, b) => a - b);

/** Rows numbered in x, with y = f(x). */
const numbered = (count: number, y: (i: number) => unknown = (i) => i) =>
  csv(
    'x,y',
    Array.from({ length: count }, (_, i) => [i, y(i)]),
  );

const raw = { target: 'y', standardize: false } as const;

describe('standardizing', () => {
  it('gives training mean 0 and std 1, measures others by the same, and can be undone', async () => {
    // Thousandths, since the squares of numbers near 1e-162 are 0, and so is their standard deviation.
    const value = fc.integer({ min: -1e7, max: 1e7 }).map((thousandths) => thousandths / 1_000);
    const values = fc.array(value, { minLength: 10, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(values, fc.nat(), async (numbers, seed) => {
        fc.pre(new Set(numbers).size > 8);
        const content = csv(
          'x,y',
          numbers.map((value, i) => [value, value * 2 + i]),
        );
        const { preprocess, train, validation, test } = await prepared(
          content,
          jobSpec({ target: 'y' }, [], seed),
        );
        const [input] = preprocess.inputs;
        if (input?.type !== 'number') throw new Error('x is a number');
        const mean = only(train).reduce((sum, x) => sum + x, 0) / train.count;
        const variance = only(train).reduce((sum, x) => sum + (x - mean) ** 2, 0) / train.count;
        expect(mean).toBeCloseTo(0, 4);
        expect(Math.sqrt(variance)).toBeCloseTo(1, 4);
        const undone = [train, validation, test].flatMap(only).map((x) => x * input.std + input.mean);
        const sorted = (list: number[]) => [...list].sort((a, b) => a - b);
        for (const [i, value] of sorted(undone).entries()) expect(value).toBeCloseTo(sorted(numbers)[i]!, 1);
      }),
      { numRuns: 30 },
    );
  });

  it('knows nothing of the other splits', async () => {
    const fold = (i: number) => (i < 6 ? 'train' : i < 8 ? 'validation' : 'test');
    const content = (far: number) =>
      csv(
        'x,y,fold',
        Array.from({ length: 10 }, (_, i) => [i < 6 ? i : far, i, fold(i)]),
      );
    const spec = jobSpec({ target: 'y', split: { column: 'fold' } });
    const [near, distant] = await Promise.all([prepared(content(9), spec), prepared(content(9_000), spec)]);
    expect(near.preprocess).toEqual(distant.preprocess);
    expect(near.preprocess.inputs).toEqual([
      { type: 'number', name: 'x', mean: 2.5, std: Math.sqrt(35 / 12) },
    ]);
  });

  it('standardizes the target of a regression, and divides a constant column by 1', async () => {
    const content = csv(
      'x,y',
      Array.from({ length: 20 }, (_, i) => [0.1, i]),
    );
    const { preprocess, train } = await prepared(content, jobSpec({ target: 'y' }));
    expect(preprocess.inputs).toEqual([{ type: 'number', name: 'x', mean: 0.1, std: 1 }]);
    expect(only(train).every((x) => x === 0)).toBe(true);
    const { target } = preprocess;
    if (target.type !== 'number') throw new Error('y is a number');
    const undone = [...train.y].map((y) => Math.round(y * target.std + target.mean));
    expect(new Set(undone).size).toBe(train.count);
  });

  it('leaves numbers as they are when told to', async () => {
    const data = await prepared(numbered(20), jobSpec(raw));
    expect(everything(data)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect([...data.train.y]).toEqual(only(data.train));
  });
});

describe('categories', () => {
  it('are one-hot, and sum to one', async () => {
    const towns = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 12, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(towns, async (cells) => {
        fc.pre(new Set(cells).size > 1);
        const content = csv(
          'y,town',
          cells.map((town, i) => [i, town]),
        );
        const { preprocess, train } = await prepared(content, jobSpec({ target: 'y' }));
        const [input] = preprocess.inputs;
        if (input?.type !== 'category') throw new Error('town is a category');
        expect(train.width).toBe(input.classes.length);
        for (const row of rowsOf(train)) expect(row.reduce((sum, x) => sum + x, 0)).toBe(1);
      }),
      { numRuns: 30 },
    );
  });

  it('that training never saw are all zeros', async () => {
    const content = csv('town,y,fold', [
      ['a', 1, 'train'],
      ['b', 2, 'train'],
      ['c', 3, 'validation'],
    ]);
    const { preprocess, validation } = await prepared(
      content,
      jobSpec({ target: 'y', split: { column: 'fold' } }),
    );
    expect(preprocess.inputs).toEqual([
      { type: 'category', name: 'town', classes: ['a', 'b'], missingClass: false },
    ]);
    expect(rowsOf(validation)).toEqual([[0, 0]]);
  });

  it('of the target are one-hot in their order', async () => {
    const content = csv(
      'x,y',
      Array.from({ length: 40 }, (_, i) => [i, ['10', '9'][i % 2]]),
    );
    const spec = jobSpec({ ...raw, task: 'classification' });
    const { preprocess, train } = await prepared(content, spec);
    expect(preprocess.target).toEqual({ type: 'category', name: 'y', classes: ['9', '10'] });
    for (const [i, x] of only(train).entries())
      expect([...train.y.subarray(2 * i, 2 * i + 2)]).toEqual(x % 2 === 1 ? [1, 0] : [0, 1]);
  });

  it('of JSON rows and of booleans are read as they are meant', async () => {
    const content = Array.from({ length: 20 }, (_, i) =>
      JSON.stringify({ on: i % 3 === 0, code: i % 2, y: i % 2 === 0 }),
    ).join('\n');
    const { preprocess, train } = await prepared(content, jobSpec({ target: 'y' }), {
      format: 'jsonl',
      columnTypes: { code: 'category' },
    });
    expect(preprocess.inputs).toEqual([
      { type: 'boolean', name: 'on' },
      { type: 'category', name: 'code', classes: ['0', '1'], missingClass: false },
    ]);
    expect(preprocess.target).toMatchObject({ classes: ['false', 'true'] });
    for (const [i, row] of rowsOf(train).entries())
      expect(row.slice(1)).toEqual([...train.y.subarray(2 * i, 2 * i + 2)].reverse());
  });
});

describe('labels', () => {
  const labelsOf = ({ y, units, count }: Examples) =>
    Array.from({ length: count }, (_, i) => [...y.subarray(i * units, (i + 1) * units)]);
  const asInFile = { shuffle: false, split: { validation: 0, test: 0 } };

  it('are 0 and 1 each, whichever way the file says so', async () => {
    const content = csv('x,number,boolean,category', [
      [1, 1, 'true', '1.0'],
      [2, '0.0', 'FALSE', 'false'],
      [3, 0, 'False', ' True '],
      [4, 1, 'true', 0],
    ]);
    const target = ['number', 'boolean', 'category'];
    const { preprocess, train } = await prepared(content, jobSpec({ target, ...asInFile }), {
      columnTypes: { category: 'category' },
    });
    expect(preprocess).toMatchObject({ task: 'multilabel', target: { type: 'labels', names: target } });
    expect(Preprocess.parse(preprocess)).toEqual(preprocess);
    expect(labelsOf(train)).toEqual([
      [1, 1, 1],
      [0, 0, 0],
      [0, 0, 1],
      [1, 1, 0],
    ]);
  });

  it('of JSON rows are read as they are meant', async () => {
    const rows = [
      { x: 1, a: true, b: 0 },
      { x: 2, a: false, b: 1 },
      { x: 3, a: true, b: 1 },
    ];
    const content = rows.map((row) => JSON.stringify(row)).join('\n');
    const { train } = await prepared(content, jobSpec({ target: ['a', 'b'], ...asInFile }), {
      format: 'jsonl',
    });
    expect(labelsOf(train)).toEqual([
      [1, 0],
      [0, 1],
      [1, 1],
    ]);
  });

  it('must all be known: a row that lacks one is never used', async () => {
    const content = csv(
      'x,a,b',
      Array.from({ length: 20 }, (_, i) => [i, i === 3 ? '' : i % 2, i === 4 ? '?' : i % 3 === 0]),
    );
    for (const missing of ['drop', 'mean'] as const) {
      const data = await prepared(content, jobSpec({ target: ['a', 'b'], missing, standardize: false }));
      expect(everything(data)).toEqual(
        Array.from({ length: 20 }, (_, i) => i).filter((i) => i !== 3 && i !== 4),
      );
    }
  });

  it('weigh by the sample alone', async () => {
    const content = csv(
      'x,a,b,w',
      Array.from({ length: 10 }, (_, i) => [i, i % 2, i % 3 === 0, i]),
    );
    const { train } = await prepared(
      content,
      jobSpec({ target: ['a', 'b'], sampleWeight: 'w', standardize: false }),
    );
    expect([...train.weights!]).toEqual(only(train));
  });

  it('warn of one that no training row tells apart', async () => {
    const content = csv(
      'x,a,b,fold',
      Array.from({ length: 20 }, (_, i) => [i, i % 2, i > 14, i < 15 ? 'train' : 'test']),
    );
    const { warnings } = await prepared(content, jobSpec({ target: ['a', 'b'], split: { column: 'fold' } }));
    expect(warnings).toEqual([
      { code: 'constantLabel', pointer: '/data/split', message: expect.stringContaining('“b”') },
    ]);
  });

  it('that are none are refused with their line', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'trainyard-data-'));
    const path = join(folder, 'data.csv');
    const content = csv(
      'x,a,b',
      Array.from({ length: 9 }, (_, i) => [i, i % 2, i % 3 === 0]),
    );
    await writeFile(path, content.replace('4,0,false', '4,2,false'));
    const preparing = prepareData(path, 'csv', await schemaOf(content), jobSpec({ target: ['a', 'b'] }));
    await expect(preparing).rejects.toThrow('line 6, column “a”: “2” is neither 0 nor 1, true nor false');
    await rm(folder, { recursive: true });
  });
});

describe('missing values', () => {
  const content = csv('x,town,y', [
    ['', 'a', 0],
    ['NaN', 'b', 1],
    [3, '', 2],
    ...Array.from({ length: 17 }, (_, i) => [i, i % 2 ? 'a' : 'b', 3 + i]),
    [4, 'a', '?'],
  ]);

  it('drop the row', async () => {
    const { train, validation, test } = await prepared(content, jobSpec({ target: 'y', missing: 'drop' }));
    expect(train.count + validation.count + test.count).toBe(17);
  });

  it('take the training mean or the missing class; a row without its target goes', async () => {
    const spec = jobSpec({ target: 'y', missing: 'mean', split: { validation: 0, test: 0 } });
    const { preprocess, train } = await prepared(content, spec);
    expect(train.count).toBe(20);
    expect(preprocess.inputs).toMatchObject([
      { type: 'number', fill: expect.closeTo(139 / 18, 10), mean: expect.closeTo(139 / 18, 10) },
      { type: 'category', classes: ['a', 'b'], missingClass: true },
    ]);
    expect(rowsOf(train).slice(0, 3)).toEqual([
      [0, 1, 0, 0],
      [0, 0, 1, 0],
      [expect.any(Number), 0, 0, 1],
    ]);
  });

  it('are refused by default', async () => {
    await expect(prepared(content, jobSpec({ target: 'y' }))).rejects.toThrow('“x” lacks a value in 2 rows');
  });

  it('are refused where a column has no value to train on', async () => {
    const fold = csv('x,y,fold', [
      ['', 1, 'train'],
      ['', 2, 'train'],
      [3, 3, 'test'],
    ]);
    const spec = jobSpec({ target: 'y', missing: 'mean', split: { column: 'fold' } });
    await expect(prepared(fold, spec)).rejects.toThrow('column “x”: no training row has a value');
  });
});

describe('rows', () => {
  it('are shared out at random by the seed, and the same way each time', async () => {
    const training = async (seed: number) =>
      only((await prepared(numbered(60), jobSpec(raw, [], seed))).train);
    expect(await training(1)).toEqual(await training(1));
    expect(await training(1)).not.toEqual(await training(2));
    expect(await training(1)).not.toEqual(Array.from({ length: 48 }, (_, i) => i));
  });

  it('keep the file’s order without shuffling', async () => {
    const { train, validation, test } = await prepared(numbered(10), jobSpec({ ...raw, shuffle: false }));
    expect([only(train), only(validation), only(test)]).toEqual([[0, 1, 2, 3, 4, 5, 6, 7], [8], [9]]);
  });

  it('are of the wanted classes, so many of each', async () => {
    const content = numbered(90, (i) => 'abc'[i % 3]);
    const spec = jobSpec({
      ...raw,
      classes: ['a', 'c'],
      limitPerClass: 10,
      split: { validation: 0.2, test: 0 },
    });
    const data = await prepared(content, spec);
    expect(data.preprocess.target).toMatchObject({ classes: ['a', 'c'] });
    expect([data.train.count, data.validation.count, data.test.count]).toEqual([16, 4, 0]);
    expect(everything(data).filter((x) => x % 3 === 0)).toHaveLength(10);
    expect(everything(data).filter((x) => x % 3 === 1)).toEqual([]);
  });

  it('go where the split column says, and none is left over', async () => {
    const content = csv(
      'x,y,fold',
      Array.from({ length: 9 }, (_, i) => [i, i, ['train', 'validation', 'test'][i % 3]]),
    );
    const { train, validation, test } = await prepared(
      content,
      jobSpec({ ...raw, split: { column: 'fold' } }),
    );
    expect([only(train), only(validation), only(test)]).toEqual([
      [0, 3, 6],
      [1, 4, 7],
      [2, 5, 8],
    ]);
  });

  it('that are too few, or of one class once others were dropped, are refused', async () => {
    const dropped = csv(
      'x,y',
      Array.from({ length: 10 }, (_, i) => [i < 8 ? '' : i, i]),
    );
    const spec = jobSpec({ target: 'y', missing: 'drop', split: { validation: 0.3, test: 0.3 } });
    await expect(prepared(dropped, spec)).rejects.toThrow('2 usable rows leave 1 to train on');
    const oneClass = csv(
      'x,y',
      Array.from({ length: 10 }, (_, i) => [i < 5 ? '' : i, i < 5 ? 'a' : 'b']),
    );
    await expect(prepared(oneClass, jobSpec({ target: 'y', missing: 'drop' }))).rejects.toThrow(
      'only one class',
    );
  });

  it('warn of a class that none of them trains', async () => {
    const content = csv('x,y,fold', [
      ...Array.from({ length: 8 }, (_, i) => [i, i % 2 ? 'a' : 'b', 'train']),
      [8, 'c', 'test'],
      [9, 'c', 'test'],
    ]);
    const { warnings } = await prepared(content, jobSpec({ target: 'y', split: { column: 'fold' } }));
    expect(warnings).toContainEqual({
      code: 'untrainedClass',
      pointer: '/data/split',
      message: 'no row to train on is of class “c”',
    });
  });
});

describe('weights', () => {
  const content = csv(
    'x,y,w',
    Array.from({ length: 40 }, (_, i) => [i, i % 4 === 0 ? 'rare' : 'common', i / 2]),
  );
  const data = { ...raw, inputs: ['x'] };
  const isRare = (x: number) => x % 4 === 0;

  it('are absent unless asked for', async () => {
    const { train } = await prepared(content, jobSpec(data));
    expect(train).not.toHaveProperty('weights');
  });

  it('balance the classes of the training split, and of no other', async () => {
    const { train, validation } = await prepared(content, jobSpec({ ...data, classWeights: 'balanced' }));
    const sum = (rare: boolean) =>
      only(train).reduce((total, x, i) => total + (isRare(x) === rare ? train.weights![i]! : 0), 0);
    expect(sum(true)).toBeCloseTo(train.count / 2, 4);
    expect(sum(false)).toBeCloseTo(train.count / 2, 4);
    expect(validation).not.toHaveProperty('weights');
  });

  it('multiply samples by classes', async () => {
    const spec = jobSpec({ ...data, sampleWeight: 'w', classWeights: { rare: 3 } });
    const { train, test } = await prepared(content, spec);
    expect([...train.weights!]).toEqual(only(train).map((x) => (x / 2) * (isRare(x) ? 3 : 1)));
    expect([...test.weights!]).toEqual(only(test).map((x) => x / 2));
  });

  it('are refused where nothing to train on weighs anything', async () => {
    const none = csv(
      'x,y,fold,w',
      Array.from({ length: 6 }, (_, i) => [i, i, i < 4 ? 'train' : 'test', i < 4 ? 0 : 1]),
    );
    const spec = jobSpec({ target: 'y', split: { column: 'fold' }, sampleWeight: 'w' });
    await expect(prepared(none, spec)).rejects.toThrow('every training row has the weight 0');
  });
});

describe('a prediction', () => {
  it('sees the numbers that training saw', async () => {
    const rows = Array.from({ length: 30 }, (_, i) => ({
      age: i / 7,
      on: i % 3 === 0,
      town: 'abc'[i % 3]!,
      y: i,
    }));
    const content = csv(
      'age,on,town,y',
      rows.map((row) => Object.values(row)),
    );
    const spec = jobSpec({ target: 'y', missing: 'mean', shuffle: false, split: { validation: 0, test: 0 } });
    const { preprocess, train } = await prepared(content, spec);
    const inputs = rows.map(({ y: _, ...input }) => input);
    expect((await encodeInputs(Preprocess.parse(preprocess), inputs)).x).toEqual(train.x);
  });
});

describe('refusals', () => {
  it('names numbers that float32 can’t hold', async () => {
    const large = csv(
      'x,y',
      Array.from({ length: 20 }, (_, i) => [`${i}e300`, i]),
    );
    await expect(prepared(large, jobSpec(raw))).rejects.toThrow('column “x”');
    await expect(prepared(large, jobSpec({ target: 'y' }))).rejects.toThrow(
      'column “x”: the numbers are too large',
    );
  });

  it('finds a file that isn’t the one that was described', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'trainyard-data-'));
    const path = join(folder, 'data.csv');
    const schema = await schemaOf(numbered(20));
    const prepare = async (content: string) => {
      await writeFile(path, content);
      return prepareData(path, 'csv', schema, jobSpec(raw));
    };
    try {
      await expect(prepare(numbered(19))).rejects.toThrow(new DataError('the file has 19 rows and not 20'));
      await expect(prepare(numbered(21))).rejects.toThrow('the file has more than 20 rows');
      await expect(prepare(numbered(20, () => 'text'))).rejects.toThrow(
        'line 2, column “y”: “text” isn’t a finite number',
      );
      await expect(prepare(csv('x,z', [[1, 2]]))).rejects.toThrow('there is no column “y”');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('says every problem of the plan at once', async () => {
    const spec = jobSpec({ target: 'yy', inputs: ['xx'] });
    const error = await prepared(numbered(20), spec).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(DataError);
    expect((error as Error).message).toMatch(/no column “yy”.*; there is no column “xx”/);
  });
});

it('prepares the digits: stratified, one-hot, standardized', async () => {
  const path = 'examples/data/digits.csv';
  const schema = await inferSchema(readRows(createReadStream(path), 'csv'));
  const spec = jobSpec({ target: 'digit', task: 'classification' });
  const { train, validation, test } = await prepareData(path, 'csv', schema, spec);
  expect([train.count, validation.count, test.count]).toEqual([1_437, 180, 180]);
  for (const { y, count } of [train, validation, test]) {
    const counts = Array.from(
      { length: 10 },
      (_, digit) => y.filter((v, i) => i % 10 === digit && v === 1).length,
    );
    expect(counts.reduce((sum, n) => sum + n, 0)).toBe(count);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(Math.ceil(count * (9 / 1_797)) + 1);
  }
  expect(train.x.every(Number.isFinite)).toBe(true);
});
