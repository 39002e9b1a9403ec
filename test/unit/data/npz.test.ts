import { describe, expect, it } from 'vitest';
import { FORMATS } from '../../../src/data/formats/index.ts';
import type { DatasetSchema } from '../../../src/spec/dataset.ts';
import { fixture } from '../../parity/fixture.ts';
import { type ZipEntry, zipFile } from '../../zip.ts';
import { jobSpec, prepared, schemaOf, withFile } from './fixture.ts';

interface Archives {
  dtypes: { dtype: string; file: string; x: number[][] }[];
  x: number[][][];
  y: number[];
  parts: string;
  compressed: string;
  refused: Record<'fortran' | 'objects' | 'records' | 'text' | 'complex', string>;
}
const known = fixture<Archives>('npz');
const fileOf = (text: string) => Buffer.from(text, 'base64');

const RAW = { standardize: false, shuffle: false, split: { validation: 0, test: 0 } } as const;

/** An array as NumPy writes it. */
function npy(descr: string, shape: readonly number[], content: Buffer, fortran = false): Buffer {
  const dimensions = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const order = fortran ? 'True' : 'False';
  return withHeader(`{'descr': '${descr}', 'fortran_order': ${order}, 'shape': (${dimensions}), }`, content);
}

function withHeader(header: string, content: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16LE(header.length + 1);
  return Buffer.concat([
    Buffer.from('\x93NUMPY\x01\x00', 'latin1'),
    length,
    Buffer.from(`${header}\n`),
    content,
  ]);
}

const bytes = (count: number) => Buffer.from(Array.from({ length: count }, (_, i) => i % 256));
const X = npy('|u1', [4, 2, 3], bytes(24));
const Y = npy('|u1', [4], Buffer.from([0, 1, 0, 1]));
const entry = (name: string, content: Buffer, more: Partial<ZipEntry> = {}): ZipEntry => ({
  name: `${name}.npy`,
  content,
  ...more,
});
const npz = (arrays: Record<string, Buffer>) =>
  zipFile(Object.entries(arrays).map(([name, content]) => entry(name, content)));

describe('NumPy’s files', () => {
  it.each(known.dtypes)('of $dtype hold what NumPy put in', async ({ dtype, file, x }) => {
    const { train, preprocess } = await prepared(fileOf(file), jobSpec({ ...RAW, task: 'classification' }), {
      format: 'npz',
    });
    const scale = dtype === '|u1' ? 255 : 1;
    expect([...train.x].map((value) => value * scale)).toEqual(
      x.flat().map((value) => expect.closeTo(value, 4)),
    );
    expect(preprocess.inputs[0]).toMatchObject({ type: 'tensor', shape: [2, 3, 1], scale: 1 / scale });
  });

  it.each(['parts', 'compressed'] as const)('of %s have a column that divides them', async (which) => {
    const schema = await schemaOf(fileOf(known[which]), 'npz');
    expect(schema).toMatchObject({
      rows: 6,
      columns: [
        { name: 'image', type: 'tensor', shape: [2, 2, 1] },
        {
          name: 'label',
          type: 'category',
          classes: [0, 1, 2].map((it) => ({ value: String(it), count: 2 })),
        },
        {
          name: 'part',
          classes: [
            { value: 'train', count: 3 },
            { value: 'test', count: 3 },
          ],
        },
      ],
    });
    const spec = jobSpec({ ...RAW, split: { column: 'part' } });
    const { train, test } = await prepared(fileOf(known[which]), spec, { format: 'npz' });
    expect([train.count, test.count]).toEqual([3, 3]);
    expect([...test.x].map((value) => Math.round(value * 255))).toEqual(known.x.slice(3).flat(2));
  });

  it('are previewed as nested lists', async () => {
    const rows = await withFile(fileOf(known.parts), (path) => FORMATS.npz.preview(path, 4));
    expect(rows).toHaveLength(4);
    expect(rows[3]).toEqual({
      image: known.x[3]!.map((row) => row.map((value) => [value])),
      label: known.y[3],
    });
  });

  it.each<[keyof Archives['refused'], RegExp]>([
    ['fortran', /^“x” is stored column by column .* save np\.ascontiguousarray\(array\) instead$/],
    ['objects', /^“y” has a header that can’t be read: objects of Python are never loaded$/],
    ['records', /^“x” has a header that can’t be read: records with several fields aren’t taken$/],
    ['text', /^“y” holds “<U3”/],
    ['complex', /^“x” holds “<c8”/],
  ])('with %s are refused', async (which, message) => {
    await expect(schemaOf(fileOf(known.refused[which]), 'npz')).rejects.toThrow(message);
  });
});

describe('arrays', () => {
  it.each<[string, Record<string, Buffer>, string[]]>([
    ['x and y', { x: X, y: Y }, ['image', 'label']],
    ['X and Y', { X, Y }, ['image', 'label']],
    ['images and labels, the labels first', { labels: Y, images: X }, ['image', 'label']],
    [
      'parts before',
      { train_images: X, train_labels: Y, val_images: X, val_labels: Y },
      ['image', 'label', 'part'],
    ],
    [
      'parts behind',
      { y_test: Y, x_test: X, x_valid: X, y_valid: Y, x_train: X, y_train: Y },
      ['image', 'label', 'part'],
    ],
    ['x without labels', { x: X }, ['image']],
    ['parts without labels', { x_train: X, x_test: X }, ['image', 'part']],
  ])('are found as %s', async (_what, arrays, columns) => {
    const schema = await schemaOf(npz(arrays), 'npz');
    expect(schema.columns.map(({ name }) => name)).toEqual(columns);
    const tensors = Object.keys(arrays).filter((name) => /x|image/i.test(name));
    expect(schema.rows).toBe(4 * tensors.length);
    if (columns.includes('part'))
      expect(schema.columns.at(-1)!.classes![0]).toEqual({ value: 'train', count: 4 });
  });

  it('may have labels as a column, floats for a regression, and rows of any rank', async () => {
    const labels = Buffer.from(Float32Array.of(0.5, 1.5, 2.5, 3.5).buffer);
    const columns = async (arrays: Record<string, Buffer>) => (await schemaOf(npz(arrays), 'npz')).columns;
    expect(await columns({ x: X, y: npy('<f4', [4, 1], labels) })).toMatchObject([
      { shape: [2, 3, 1] },
      { type: 'number', min: 0.5, max: 3.5 },
    ]);
    expect(await columns({ x: npy('|i1', [4, 6], bytes(24)), y: Y })).toMatchObject([
      { shape: [6] },
      { type: 'category', distinct: 2 },
    ]);
    expect(await columns({ x: npy('|u1', [4, 1, 2, 3], bytes(24)), y: Y })).toMatchObject([
      { shape: [1, 2, 3] },
      {},
    ]);
  });

  it.each<[string, Record<string, Buffer>, RegExp]>([
    [
      'an unknown name',
      { x: X, y: Y, weights: Y },
      /^the array “weights” isn’t known: x \(or image, images\)/,
    ],
    ['a part twice', { train_x_test: X, y: Y }, /“train_x_test” isn’t known/],
    [
      'no labels of a part',
      { x_train: X, y_train: Y, x_test: X },
      /^the labels of “x_test” are missing, and other arrays have theirs$/,
    ],
    ['only labels', { y: Y }, /^there are labels, “y”, and nothing that they are of/],
    ['two that hold the same', { x: X, X, y: Y }, /^the arrays “x” and “X” would hold the same$/],
    ['parts and none', { x: X, y: Y, x_test: X, y_test: Y }, /^“x” belongs to no part, and other arrays do$/],
    ['other counts', { x: X, y: npy('|u1', [3], bytes(3)) }, /^there are 4 rows, and “y” has labels for 3$/],
    [
      'wide labels',
      { x: X, y: npy('|u1', [4, 2], bytes(8)) },
      /^“y” must have one number a row, and has 2 of them$/,
    ],
    ['flat rows', { x: Y, y: Y }, /^“x” has a single number a row; two dimensions or more are needed$/],
    [
      'too many axes',
      { x: npy('|u1', [4, 1, 1, 1, 2, 3], bytes(24)), y: Y },
      /^“x” has 6 dimensions, and 1 to 5 are taken$/,
    ],
    ['nothing', { x: npy('|u1', [4, 0], bytes(0)), y: Y }, /^“x” holds nothing: its dimensions are 4 × 0$/],
    [
      'rows of another shape',
      { x_train: X, y_train: Y, x_test: npy('|u1', [4, 3, 2], bytes(24)), y_test: Y },
      /^“x_test” has rows of 3 × 2 uint8, and the part before has 2 × 3 uint8$/,
    ],
    [
      'too large a row',
      { x: npy('|u1', [1, 2 ** 21], bytes(2 ** 21)), y: Y },
      /^“x” has 2097152 numbers a row, and 1048576 are the most$/,
    ],
    [
      'fewer numbers',
      { x: npy('|u1', [4, 2, 4], bytes(24)), y: Y },
      /^“x” promises 32 bytes of numbers, and there are 24$/,
    ],
    [
      'beyond all bounds',
      { x: npy('<f8', [999_999_999_999, 999_999_999], bytes(24)), y: Y },
      /^“x” (promises|has 999999999)/,
    ],
    [
      'more numbers',
      { x: npy('|u1', [4, 2], bytes(24)), y: Y },
      /^“x” promises 8 bytes of numbers, and there are 24$/,
    ],
    ['no NumPy', { x: Buffer.from('GIF89a and some more'), y: Y }, /^“x” isn’t an array of NumPy’s/],
    ['a cut header', { x: X.subarray(0, 30), y: Y }, /^“x” breaks off within its header$/],
    [
      'code for a header',
      { x: withHeader("__import__('os').system('id')", bytes(24)), y: Y },
      /^“x” has a header that can’t be read: “__import__/,
    ],
    [
      'a longer header',
      { x: withHeader(`{'descr': '|u1', 'a': ${' '.repeat(11_000)}}`, bytes(24)), y: Y },
      /^“x” has a header of 110\d\d bytes, and 10000 are the most$/,
    ],
    [
      'a long beyond 2⁵³',
      { x: npy('<i8', [1, 1], Buffer.from(BigInt64Array.of(2n ** 60n).buffer)), y: Y },
      /^1152921504606846976 is beyond 2⁵³/,
    ],
    [
      'not a number',
      { x: npy('<f4', [1, 1], Buffer.from(Float32Array.of(Number.NaN).buffer)), y: Y },
      /“image”: NaN isn’t a finite number \(row 1\)/,
    ],
  ])('with %s are refused', async (_what, arrays, message) => {
    await expect(schemaOf(npz(arrays), 'npz')).rejects.toThrow(message);
  });

  it('of another data set than was described are refused', async () => {
    const schema: DatasetSchema = await schemaOf(npz({ x: X, y: Y }), 'npz');
    const load = (content: Buffer) => withFile(content, (path) => FORMATS.npz.loadTable(path, [], schema));
    await expect(load(npz({ x: npy('|u1', [4, 3, 2], bytes(24)), y: Y }))).rejects.toThrow(
      'its shape is 3 × 2 and not 2 × 3 × 1',
    );
    await expect(load(npz({ x_train: X, y_train: Y, x_test: X, y_test: Y }))).rejects.toThrow(
      'more than 4 rows',
    );
  });
});
