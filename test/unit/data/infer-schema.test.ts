import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataError } from '../../../src/data/data-error.ts';
import { inferSchema } from '../../../src/data/infer-schema.ts';
import { readRows } from '../../../src/data/readers/index.ts';
import { type Column, DatasetSchema, type DeclaredType } from '../../../src/spec/dataset.ts';
import { csv, schemaOf } from './fixture.ts';

/** The schema of one column of these cells. */
async function column(cells: readonly string[], type?: DeclaredType): Promise<Column> {
  const content = csv(
    'row,x',
    cells.map((cell, i) => [i, cell]),
  );
  const schema = await schemaOf(content, 'csv', type ? { x: type } : {});
  return schema.columns[1]!;
}

describe('types', () => {
  it.each<[string, string[], Column['type']]>([
    ['numbers', ['1', '-2.5', '+.5', '3.', '1e-3', '7E+2'], 'number'],
    ['booleans in any case', ['true', 'FALSE', 'True'], 'boolean'],
    ['few texts', ['red', 'green', 'red'], 'category'],
    ['texts and booleans', ['true', 'maybe', 'false'], 'category'],
    ['more text than numbers', ['1', 'A', 'B'], 'category'],
    ['what only looks like a number', ['0x10', '0x11'], 'category'],
    ['nothing at all', ['', 'NA'], 'category'],
    ['as many texts as rows', Array.from({ length: 21 }, (_, i) => `name ${i}`), 'text'],
    ['prose', [...'abc'].map((letter) => letter.repeat(201)), 'text'],
  ])('takes %s for what they are', async (_what, cells, type) => {
    expect((await column(cells)).type).toBe(type);
  });

  it('keeps a category of many classes, and calls more than 1,000 different texts text', async () => {
    const cells = (distinct: number) => Array.from({ length: 3_000 }, (_, i) => `c${i % distinct}`);
    expect(await column(cells(1_000))).toMatchObject({ type: 'category', distinct: 1_000 });
    expect(await column(cells(1_001))).toMatchObject({ type: 'text', distinct: null });
  });

  it('takes JSON by its word: "7" is text, and 7 is a number', async () => {
    const { columns } = await schemaOf('{"a": "7", "b": 7, "c": true}\n{"a": "8", "b": 8}\n', 'jsonl');
    expect(columns.map(({ name, type, missing }) => [name, type, missing])).toEqual([
      ['a', 'category', 0],
      ['b', 'number', 0],
      ['c', 'boolean', 1],
    ]);
  });

  it('goes by what the user declares', async () => {
    expect(await column(['01', '1', '2'], 'category')).toMatchObject({
      type: 'category',
      classes: [
        { value: '01', count: 1 },
        { value: '1', count: 1 },
        { value: '2', count: 1 },
      ],
    });
    expect((await column(['a', 'b'], 'text')).type).toBe('text');
    const quotedNumbers = await schemaOf('{"a": "7"}\n', 'jsonl', { a: 'number' });
    expect(quotedNumbers.columns[0]).toMatchObject({ type: 'number', mean: 7 });
  });
});

describe('what is counted', () => {
  it('counts every spelling of a missing value', async () => {
    const cells = ['', '?', 'NA', 'n/a', 'null', 'NaN', 'nan', 'NULL', '"  "', '5'];
    expect(await column(cells)).toMatchObject({ type: 'number', missing: 9, distinct: 1, min: 5, max: 5 });
  });

  it('counts the rows before a JSON column first comes up as missing', async () => {
    const { columns } = await schemaOf(`${'{"a": 1}\n'.repeat(9_000)}{"b": 2}\n`, 'jsonl');
    expect(columns.map(({ missing }) => missing)).toEqual([1, 9_000]);
  });

  it('merges spellings of one number, and sorts classes as numbers', async () => {
    expect(await column(['10', '9.0', '9', '1e1', '-1'])).toMatchObject({
      distinct: 3,
      integer: true,
      classes: [
        { value: '-1', count: 1 },
        { value: '9', count: 2 },
        { value: '10', count: 2 },
      ],
    });
  });

  it('sorts other classes by code point', async () => {
    const { classes } = await column(['b', '\u{1F600}', '\uFB01', 'B', 'a']);
    expect(classes!.map(({ value }) => value)).toEqual(['B', 'a', 'b', '\uFB01', '\u{1F600}']);
  });

  it('lists no classes for a number column of many values', async () => {
    const { classes, distinct } = await column(Array.from({ length: 101 }, (_, i) => `${i}`));
    expect([classes, distinct]).toEqual([undefined, 101]);
  });

  it('agrees with the two-pass formulas', async () => {
    const numbers = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), {
      minLength: 1,
      maxLength: 50,
    });
    await fc.assert(
      fc.asyncProperty(numbers, async (values) => {
        const { min, max, mean, std } = await column(values.map(String));
        const expectedMean = values.reduce((sum, value) => sum + value, 0) / values.length;
        const variance = values.reduce((sum, value) => sum + (value - expectedMean) ** 2, 0) / values.length;
        expect([min, max]).toEqual([Math.min(...values) + 0, Math.max(...values) + 0]);
        expect(mean).toBeCloseTo(expectedMean, 5);
        expect(std).toBeCloseTo(Math.sqrt(variance), 4);
      }),
      { numRuns: 50 },
    );
  });

  it('finds a standard deviation of exactly 0 in a constant column', async () => {
    expect((await column(Array.from({ length: 1_000 }, () => '0.1'))).std).toBe(0);
  });
});

describe('refusals', () => {
  it.each<[string, string, RegExp, number | undefined]>([
    [
      'text in a number column',
      csv('a,b', [
        [1, 2],
        [2, 3],
        [3, 'abc'],
        [4, 'def'],
        [5, 6],
      ]),
      /^line 4, column “b”: “abc” isn’t a number; correct it, leave it empty, or declare the column a category/,
      4,
    ],
    [
      'an infinity',
      csv('a,b', [
        [1, 2],
        [2, '-Infinity'],
        [3, 4],
      ]),
      /“-Infinity” isn’t a finite number/,
      3,
    ],
    [
      'an overflow',
      csv('a,b', [
        [1, 2],
        [2, '1e999'],
        [3, 4],
      ]),
      /“1e999” isn’t a finite number/,
      3,
    ],
    ['a header alone', 'a,b\n', /^there is a header but no row$/, undefined],
  ])('refuses %s', async (_what, content, message, line) => {
    const error = await schemaOf(content).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(DataError);
    expect((error as DataError).message).toMatch(message);
    expect((error as DataError).line).toBe(line);
  });

  it('refuses a JSON number that overflows', async () => {
    await expect(schemaOf('{"a": 1}\n{"a": 1e999}\n{"a": 2}\n', 'jsonl')).rejects.toThrow(
      'line 2, column “a”: “Infinity” isn’t a finite number',
    );
  });

  it('refuses values that aren’t of their declared type, and a declared column that isn’t there', async () => {
    await expect(column(['1', 'x'], 'number')).rejects.toThrow('line 3, column “x”: “x” isn’t a number');
    await expect(column(['true', '1'], 'boolean')).rejects.toThrow('“1” is neither true nor false');
    await expect(schemaOf('a\n1\n', 'csv', { b: 'number' })).rejects.toThrow(
      'column “b”: columnTypes names it',
    );
  });
});

describe('robustness', () => {
  it('takes columns named like parts of an object', async () => {
    const schema = await schemaOf('__proto__,constructor,toString\n1,__proto__,x\n2,hasOwnProperty,y\n');
    expect(schema.columns.map(({ name, type }) => [name, type])).toEqual([
      ['__proto__', 'number'],
      ['constructor', 'category'],
      ['toString', 'category'],
    ]);
    expect(schema.columns[1]!.classes).toContainEqual({ value: '__proto__', count: 1 });
  });

  it('reads a long run of digits in linear time', async () => {
    const { type } = await column([`${'1'.repeat(500_000)}x`, 'a', 'b']);
    expect(type).toBe('text');
  });

  it('streams 100,000 rows in bounded memory', async () => {
    async function* content() {
      yield 'a,b,c,d\n';
      for (let i = 0; i < 100; i++)
        yield Array.from(
          { length: 1_000 },
          (_, j) => `${i * 1_000 + j},${Math.sin(j)},id-${i}-${j},k${j % 7}\n`,
        ).join('');
    }
    const before = process.memoryUsage().heapUsed;
    const schema = await inferSchema(readRows(Readable.from(content()), 'csv'));
    expect(schema.rows).toBe(100_000);
    expect(schema.columns.map(({ type, distinct }) => [type, distinct])).toEqual([
      ['number', null],
      ['number', 1_000],
      ['text', null],
      ['category', 7],
    ]);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(100 * 1024 * 1024);
  });

  it('describes the examples as their README does', async () => {
    const schema = (name: string) =>
      inferSchema(readRows(createReadStream(`examples/data/${name}.csv`), 'csv'));
    const [concrete, digits] = await Promise.all([schema('concrete'), schema('digits')]);
    expect(DatasetSchema.parse(concrete).rows).toBe(1_030);
    expect(concrete.columns.every(({ type, missing }) => type === 'number' && missing === 0)).toBe(true);
    expect(DatasetSchema.parse(digits).rows).toBe(1_797);
    expect(digits.columns.at(-1)!.classes!.map(({ value }) => value)).toEqual([...'0123456789']);
    const constant = digits.columns.filter(({ distinct }) => distinct === 1).map(({ name }) => name);
    expect(constant).toEqual(['p0', 'p32', 'p39']);
  });
});

describe('what no table may have', () => {
  const batch = (columns: number, rows: number) => ({
    columns: Array.from({ length: columns }, (_, i) => `c${i}`),
    rows: Array(rows).fill({ line: 1, values: [] }),
    typed: true,
  });
  async function* times(count: number, each: ReturnType<typeof batch>) {
    for (let i = 0; i < count; i++) yield each;
  }

  it('is more than 20 million rows', async () => {
    await expect(inferSchema(times(21, batch(0, 1_000_000)))).rejects.toThrow(
      'there are more than 20000000 rows',
    );
  });

  it('is more than 250 million cells', async () => {
    await expect(inferSchema(times(1, batch(10_000, 25_001)))).rejects.toThrow('more than 250000000 cells');
  });

  it('is more than 20,000 categories together; numbers list theirs while there is room', async () => {
    const infer = (columns: number, cell: (i: number) => string) => {
      const header = Array.from({ length: columns }, (_, i) => `c${i}`).join();
      const rows = Array.from({ length: 1_800 }, (_, i) => Array(columns).fill(cell(i)).join());
      return inferSchema(readRows(Readable.from([[header, ...rows].join('\n')]), 'csv'));
    };
    const full = await infer(22, (i) => `v${i % 900}`);
    expect(full.columns.flatMap(({ classes }) => classes)).toHaveLength(19_800);
    await expect(infer(23, (i) => `v${i % 900}`)).rejects.toThrow(
      'column “c22”: the columns up to this one have too many categories together; declare some as text with columnTypes',
    );
    const numbers = await infer(250, (i) => `${i % 90}`);
    expect(numbers.columns.filter(({ classes }) => classes)).toHaveLength(222);
    expect(numbers.columns.every(({ distinct }) => distinct === 90)).toBe(true);
  });
});
