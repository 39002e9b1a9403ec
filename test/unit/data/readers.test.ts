import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataError } from '../../../src/data/data-error.ts';
import { previewRows } from '../../../src/data/preview.ts';
import { type Row, type RowFormat, readRows } from '../../../src/data/readers/index.ts';

type Chunk = string | Buffer;

async function read(format: RowFormat, ...chunks: Chunk[]): Promise<{ columns: string[]; rows: Row[] }> {
  const found: { columns: string[]; rows: Row[] } = { columns: [], rows: [] };
  for await (const { columns, rows } of readRows(Readable.from(chunks), format)) {
    found.columns = [...columns];
    found.rows.push(...rows);
  }
  return found;
}

const values = async (format: RowFormat, ...chunks: Chunk[]) =>
  (await read(format, ...chunks)).rows.map((row) => row.values);

async function failure(format: RowFormat, ...chunks: Chunk[]): Promise<DataError> {
  const error = await read(format, ...chunks).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(DataError);
  return error as DataError;
}

describe('CSV', () => {
  it('names columns by the first line and tells where rows end', async () => {
    expect(await read('csv', 'a,b\n1,x\n\n2,y')).toEqual({
      columns: ['a', 'b'],
      rows: [
        { line: 2, values: ['1', 'x'] },
        { line: 4, values: ['2', 'y'] },
      ],
    });
  });

  it('takes a byte order mark, CRLF and mixed line endings, quotes, and spaces around values', async () => {
    const text = '\uFEFFa, b\r\n 1 ,"x, ""y"""\n2, "two\r\nlines"\r\n3,é\n';
    expect(await read('csv', text)).toEqual({
      columns: ['a', 'b'],
      rows: [
        { line: 2, values: ['1', 'x, "y"'] },
        { line: 4, values: ['2', 'two\nlines'] },
        { line: 5, values: ['3', 'é'] },
      ],
    });
  });

  it('reads the same however the bytes are cut', async () => {
    const text = '\uFEFFnäme,b\r\n1,"ü ""q"" \r\n ✓"\r\n😀,2\r\n';
    const whole = await read('csv', text);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1 }), async (sizes) => {
        expect(await read('csv', ...cut(Buffer.from(text), sizes))).toEqual(whole);
      }),
      { numRuns: 50 },
    );
  });

  it('gives back every table that was written', async () => {
    const cell = fc.string({ unit: 'grapheme', maxLength: 8 }).map((text) => text.replaceAll('\r', '\n'));
    const table = fc
      .integer({ min: 2, max: 4 })
      .chain((width) =>
        fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 8 }),
      );
    await fc.assert(
      fc.asyncProperty(table, async (rows) => {
        const header = rows[0]!.map((_, i) => `c${i}`);
        const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;
        const text = [header, ...rows].map((row) => row.map(quote).join(',')).join('\n');
        expect(await values('csv', text)).toEqual(rows);
      }),
    );
  });

  it('takes a CR alone for a line’s end, the last one too', async () => {
    expect(await values('csv', 'a,b\r1,2\r', '3,4\r')).toEqual([
      ['1', '2'],
      ['3', '4'],
    ]);
  });

  it.each<[string, Chunk, number | undefined, RegExp]>([
    [
      'a row too short',
      'a,b,c\n1,2,3\n1,2\n',
      3,
      /^line 3: the row has 2 values, and the header names 3 columns$/,
    ],
    ['a row too long', 'a,b\n1,2,3\n', 2, /the row has 3 values, and the header names 2 columns/],
    ['an empty file', '', undefined, /^the file is empty$/],
    ['blank lines alone', '\n\n', undefined, /^the file is empty$/],
    ['a column name twice', 'a,b,a\n1,2,3\n', 1, /^line 1, column “a”: two columns have this name$/],
    ['a column without a name', 'a,,c\n1,2,3\n', 1, /a column has no name/],
    ['a column name that is too long', `a,${'x'.repeat(101)}\n1,2\n`, 1, /longer than 100 characters/],
    ['semicolons', 'a;b\n1;2\n', 1, /part them by commas/],
    ['an open quote', 'a,b\n1,2\n3,"4\n', 3, /a quote is never closed/],
    ['a quote inside a value', 'a,b\n1,5" pipe\n', 2, /a quote stands inside a value/],
    ['text after a closing quote', 'a,b\n1,"5"x\n', 2, /text after a closing quote/],
    ['Latin-1', Buffer.from('a,b\n1,2\n1,caf\xe9\n', 'latin1'), 3, /^line 3: this isn’t UTF-8 text/],
    ['a file that ends inside a character', Buffer.from('a,b\n1,é').subarray(0, -1), 2, /isn’t UTF-8/],
    ['UTF-16', Buffer.from('\uFEFFa,b\n1,2\n', 'utf16le'), 1, /isn’t UTF-8/],
    [
      'too many columns',
      `${Array.from({ length: 10_001 }, (_, i) => `c${i}`)}\n`,
      1,
      /more than 10000 columns/,
    ],
    ['an endless row', `a,b\n1,"${'x'.repeat(1_200_000)}`, 2, /longer than 1 MiB; is there a quote/],
    ['endless commas', `a,b\n1${','.repeat(1_200_000)}`, 2, /longer than 1 MiB/],
  ])('refuses %s', async (_what, chunk, line, message) => {
    const error = await failure('csv', chunk);
    expect(error.message).toMatch(message);
    expect(error.line).toBe(line);
  });
});

describe('JSONL', () => {
  it('takes a missing key for null, and a new key for a new column', async () => {
    expect(await read('jsonl', '{"a": 1, "b": "x"}\r\n\n{"b": null}\n{"c": true, "a": 2.5}')).toEqual({
      columns: ['a', 'b', 'c'],
      rows: [
        { line: 1, values: [1, 'x'] },
        { line: 3, values: [null, null] },
        { line: 4, values: [2.5, null, true] },
      ],
    });
  });

  it('reads the same however the bytes are cut', async () => {
    const text = '\uFEFF{"ä": 1}\n{"ä": "✓"}\r\n{"b": "😀"}\n';
    const whole = await read('jsonl', text);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1 }), async (sizes) => {
        expect(await read('jsonl', ...cut(Buffer.from(text), sizes))).toEqual(whole);
      }),
      { numRuns: 50 },
    );
  });

  it('bounds what a batch holds, where short lines stand for wide rows', async () => {
    const wide = JSON.stringify(Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`c${i}`, i])));
    const sizes: number[] = [];
    for await (const { rows, columns } of readRows(
      Readable.from([`${wide}\n${'{}\n'.repeat(500)}`]),
      'jsonl',
    ))
      sizes.push(rows.length * columns.length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(105_000);
  });

  it.each<[string, Chunk, number | undefined, RegExp]>([
    ['a line that isn’t JSON', '{"a": 1}\n{"a": \n', 2, /^line 2: this isn’t valid JSON$/],
    ['NaN', '{"a": NaN}\n', 1, /isn’t valid JSON \(NaN and Infinity aren’t JSON: write null\)/],
    ['a list a line', '[1, 2]\n', 1, /each line must be a JSON object/],
    ['null a line', '{"a": 1}\nnull\n', 2, /each line must be a JSON object/],
    ['a nested value', '{"a": 1}\n{"a": {"b": 1}}\n', 2, /^line 2, column “a”: a value must be/],
    ['a nested list', '{"a": [1]}\n', 1, /not a list or an object/],
    ['an empty file', '', undefined, /^the file is empty$/],
    ['a key without a name', '{"": 1}\n', 1, /a column has no name/],
    ['an endless line', `{"a": "${'x'.repeat(1_200_000)}`, 1, /longer than 1 MiB/],
    ['bytes that aren’t UTF-8', Buffer.from('{"a": 1}\n{"a": "\xff"}\n', 'latin1'), 2, /isn’t UTF-8/],
  ])('refuses %s', async (_what, chunk, line, message) => {
    const error = await failure('jsonl', chunk);
    expect(error.message).toMatch(message);
    expect(error.line).toBe(line);
  });
});

describe('any format', () => {
  it('passes the source’s own error on', async () => {
    const source = new Readable({ read: () => source.destroy(new Error('the disk is gone')) });
    await expect(async () => {
      for await (const _ of readRows(source, 'csv'));
    }).rejects.toThrow('the disk is gone');
  });

  it('destroys the source when the data can’t be used', async () => {
    const source = Readable.from(['a,b\n', '1\n', '2\n']);
    await expect(async () => {
      for await (const _ of readRows(source, 'csv'));
    }).rejects.toThrow(DataError);
    expect(source.destroyed).toBe(true);
  });

  it('gives the event loop its turn within one large chunk', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    await read('csv', `a,b\n${'1,2\n'.repeat(200_000)}`);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(5);
  });
});

describe('preview', () => {
  it('gives the first rows as they stand, and reads no further', async () => {
    const source = Readable.from(['a,b\n1,x\n', '2,y\n3,', 'broken"\n']);
    expect(await previewRows(readRows(source, 'csv'), 1)).toEqual([{ a: '1', b: 'x' }]);
    expect(source.destroyed).toBe(true);
  });

  it('gives all rows of a short file, with null for what a JSON row lacks', async () => {
    expect(await previewRows(readRows(Readable.from(['{"a": 1}\n{"b": false}\n']), 'jsonl'), 10)).toEqual([
      { a: 1, b: null },
      { a: null, b: false },
    ]);
  });

  it('makes no prototype of a column', async () => {
    const [row] = await previewRows(readRows(Readable.from(['__proto__,constructor\n1,2\n']), 'csv'), 1);
    expect(Object.entries(row!)).toEqual([
      ['__proto__', '1'],
      ['constructor', '2'],
    ]);
    expect(Object.getPrototypeOf(row)).toBe(Object.prototype);
  });
});

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  for (let start = 0, i = 0; start < bytes.length; i++) {
    const size = sizes[i % sizes.length]!;
    chunks.push(bytes.subarray(start, start + size));
    start += size;
  }
  return chunks;
}
