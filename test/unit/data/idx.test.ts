import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataError } from '../../../src/data/data-error.ts';
import { FORMATS } from '../../../src/data/formats/index.ts';
import { readIdx } from '../../../src/data/readers/idx/index.ts';
import { idxFile, idxHeader, type TypeCode } from '../../idx.ts';
import { schemaOf } from './fixture.ts';

/** Three pictures of 2 × 2, and what they show. */
const IMAGES = idxFile([3, 2, 2], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255]);
const LABELS = idxFile([3], [7, 0, 7]);
const ROWS = [
  [[0, 1, 2, 3], 7],
  [[4, 5, 6, 7], 0],
  [[8, 9, 10, 255], 7],
];

/** Every row: its numbers and its label. */
async function read(chunks: readonly Buffer[], maxBytes = 1e9): Promise<[number[], number][]> {
  const rows: [number[], number][] = [];
  for await (const file of readIdx(Readable.from(chunks), maxBytes)) {
    const numbers: number[] = [];
    for await (const chunk of file.numbers()) numbers.push(...chunk);
    const width = numbers.length / file.count;
    for (let i = 0; i < file.count; i++) {
      if (file.holds === 'images') rows.push([numbers.slice(i * width, (i + 1) * width), Number.NaN]);
      else rows[file.firstRow + i]![1] = numbers[i]!;
    }
  }
  return rows;
}

async function failure(content: Buffer, maxBytes?: number): Promise<string> {
  const error = await read([content], maxBytes).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(DataError);
  return (error as Error).message;
}

const cut = (content: Buffer, size: number) =>
  Array.from({ length: Math.ceil(content.length / size) }, (_, i) =>
    content.subarray(i * size, (i + 1) * size),
  );

describe('IDX files', () => {
  const zip = gzipSync;
  it.each<[string, Buffer[]]>([
    ['plain', [IMAGES, LABELS]],
    ['gzipped, each on its own', [zip(IMAGES), zip(LABELS)]],
    ['gzipped images and plain labels', [zip(IMAGES), LABELS]],
    ['plain images and gzipped labels', [IMAGES, zip(LABELS)]],
    ['both in one gzip stream', [zip(Buffer.concat([IMAGES, LABELS]))]],
    ['one file in several gzip members', [zip(IMAGES.subarray(0, 9)), zip(IMAGES.subarray(9)), zip(LABELS)]],
    ['an empty gzip member among them', [zip(Buffer.alloc(0)), zip(IMAGES), zip(Buffer.alloc(0)), LABELS]],
  ])('are read %s, however the bytes are cut', async (_how, files) => {
    const content = Buffer.concat(files);
    for (const size of [1, 3, 7, content.length]) expect(await read(cut(content, size))).toEqual(ROWS);
  });

  it.each<[string, TypeCode, number[]]>([
    ['uint8', 0x08, [0, 255, 128, 1]],
    ['int8', 0x09, [-128, 127, 0, -1]],
    ['int16', 0x0b, [-32_768, 32_767, 258, -2]],
    ['int32', 0x0c, [-2_147_483_648, 2_147_483_647, 16_909_060, 0]],
    ['float32', 0x0d, [0.5, -1.25, 3e38, 0]],
    ['float64', 0x0e, [0.1, -1e300, 1e-300, 0]],
  ])('hold %s, most significant byte first', async (_name, code, numbers) => {
    const expected = code === 0x0d ? numbers.map(Math.fround) : numbers;
    const content = Buffer.concat([idxFile([2, 2], numbers, code), idxFile([2], [1, 2])]);
    for (const size of [1, 5, content.length]) {
      expect(await read(cut(content, size))).toEqual([
        [expected.slice(0, 2), 1],
        [expected.slice(2), 2],
      ]);
    }
  });

  it('may come in several pairs, whose rows follow one another', async () => {
    const content = Buffer.concat([gzipSync(IMAGES), LABELS, IMAGES, gzipSync(LABELS), IMAGES, LABELS]);
    expect(await read([content])).toEqual([...ROWS, ...ROWS, ...ROWS]);
  });

  it('give back what was written, whatever it was', async () => {
    const shape = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 2, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(
        shape,
        fc.boolean(),
        fc.integer({ min: 1, max: 40 }),
        async (dimensions, zipped, size) => {
          const count = dimensions.reduce((product, n) => product * n, 1);
          const numbers = Array.from({ length: count }, (_, i) => (i * 37) % 256);
          const labels = Array.from({ length: dimensions[0]! }, (_, i) => i);
          const files = [idxFile(dimensions, numbers), idxFile([dimensions[0]!], labels)];
          const rows = await read(
            cut(Buffer.concat(zipped ? files.map((file) => gzipSync(file)) : files), size),
          );
          expect(rows.flatMap(([image]) => image)).toEqual(numbers);
          expect(rows.map(([, label]) => label)).toEqual(labels);
        },
      ),
      { numRuns: 40 },
    );
  });
});

/** The last eight bytes of a gzip member are its checksum and its length. */
function withWrongChecksum(zipped: Buffer): Buffer {
  zipped.writeUInt8(zipped.at(-8)! ^ 0xff, zipped.length - 8);
  return zipped;
}

describe('a file that lies', () => {
  const both = (images: Buffer, labels = LABELS) => Buffer.concat([images, labels]);
  it.each<[string, Buffer, RegExp]>([
    ['nothing', Buffer.alloc(0), /^the file is empty$/],
    ['a header cut off', IMAGES.subarray(0, 9), /^the file of images breaks off within its header$/],
    [
      'numbers cut off',
      IMAGES.subarray(0, 20),
      /^the file of images breaks off: its header promises 12 bytes of numbers, and there are 4$/,
    ],
    ['gzip cut off', gzipSync(IMAGES).subarray(0, 20), /breaks off: its gzip data isn’t whole/],
    ['gzip without its last bytes', gzipSync(both(IMAGES)).subarray(0, -3), /its gzip data isn’t whole/],
    [
      'gzip with a wrong checksum',
      Buffer.concat([withWrongChecksum(gzipSync(IMAGES)), LABELS]),
      /gzip data is damaged/,
    ],
    [
      'gzip that ends within a file',
      both(gzipSync(IMAGES.subarray(0, 20))),
      /promises 12 bytes.* there are 4/,
    ],
    [
      'no labels of the second images',
      Buffer.concat([IMAGES, LABELS, IMAGES]),
      /^the file of labels from row 4 on is missing: it follows the file of images$/,
    ],
    ['fewer labels', both(IMAGES, idxFile([2], [7, 0])), /^there are 3 images, and 2 labels$/],
    [
      'labels before images',
      Buffer.concat([LABELS, IMAGES]),
      /a single number a row; .*The images come first/,
    ],
    [
      'labels of two numbers',
      both(IMAGES, idxFile([3, 2], [1, 2, 3, 4, 5, 6])),
      /one number a row, and has 2/,
    ],
    ['CSV', Buffer.from('a,b\n1,2\n'), /isn’t an IDX file: it must begin with two bytes of 0$/],
    ['an unknown type', idxHeader(0x0a, [1]), /has the type code 0A, and there are 08 uint8, .*0E float64/],
    ['no dimension', idxHeader(0x08, []), /has 0 dimensions, and 1 to 4 are taken/],
    ['five dimensions', idxHeader(0x08, [1, 1, 1, 1, 1]), /has 5 dimensions/],
    ['a dimension of 0', idxHeader(0x08, [3, 0, 2]), /holds nothing: its dimensions are 3 × 0 × 2/],
    ['too large pictures', idxHeader(0x08, [1, 1_025, 1_024]), /1025 × 1024 numbers a row, and 1048576 are/],
    [
      'a byte too many after the images',
      Buffer.concat([IMAGES, Buffer.of(9), LABELS]),
      /file of labels isn’t an IDX file.*or the file before it has more bytes than its header promises/,
    ],
    [
      'a byte too many at the end',
      Buffer.concat([both(IMAGES), Buffer.of(0)]),
      /images from row 4 on breaks off within its header; or the file before it has more bytes/,
    ],
    [
      'another shape in the second pair',
      Buffer.concat([both(IMAGES), idxFile([1, 4], [1, 2, 3, 4])]),
      /has rows of 4 uint8, and the images before have 2 × 2 uint8/,
    ],
    [
      'another type in the second pair',
      Buffer.concat([both(IMAGES), idxFile([1, 2, 2], [1, 2, 3, 4], 0x0c)]),
      /has rows of 2 × 2 int32/,
    ],
  ])('is refused: %s', async (_what, content, message) => {
    expect(await failure(content)).toMatch(message);
  });

  it('is refused by its header, before a number is read, where it promises too much', async () => {
    for (const dimensions of [
      [4_294_967_295, 1_024, 1_024],
      [4_294_967_295, 1],
      [1_000, 10, 11],
    ]) {
      const message = await failure(idxHeader(0x0e, dimensions), 100_000);
      expect(message).toMatch(
        /promises .* numbers \(float64\); unzipped, a data set may have at most 100000 bytes/,
      );
    }
  });

  it('is refused where its gzip data inflate to more than is allowed, and takes no memory', async () => {
    const bomb = gzipSync(Buffer.concat([idxHeader(0x08, [200_000, 1_000]), Buffer.alloc(200_000_000)]));
    expect(bomb.length).toBeLessThan(250_000);
    expect(await failure(bomb, 1_000_000)).toMatch(/at most 1000000 bytes/);
    const pairs = gzipSync(
      Buffer.concat(Array.from({ length: 50_000 }, () => Buffer.concat([IMAGES, LABELS]))),
    );
    expect(await failure(pairs, 1_000)).toMatch(/at most 1000 bytes/);
    expect(await failure(pairs)).toBe('there are more than 100 pairs of files');
  });

  it('whose gzip data go on behind the last file is refused', async () => {
    const content = gzipSync(Buffer.concat([IMAGES, LABELS, Buffer.alloc(100_000_000)]));
    expect(await failure(content)).toMatch(/images from row 4 on has the type code 00/);
  });
});

describe('the source', () => {
  it('is destroyed when the reading stops early', async () => {
    const source = Readable.from([IMAGES, LABELS, IMAGES, LABELS]);
    for await (const _ of readIdx(source, 1e9)) break;
    expect(source.destroyed).toBe(true);
    const wrong = Readable.from([Buffer.from('nothing of ours'), IMAGES]);
    await expect(async () => {
      for await (const _ of readIdx(wrong, 1e9));
    }).rejects.toThrow(DataError);
    expect(wrong.destroyed).toBe(true);
  });

  it('passes its own error on', async () => {
    const source = new Readable({ read: () => source.destroy(new Error('the disk is gone')) });
    await expect(read([]).then(() => FORMATS.idx.preview(source, 1))).rejects.toThrow();
    const again = new Readable({ read: () => again.destroy(new Error('the disk is gone')) });
    await expect(FORMATS.idx.preview(again, 1)).rejects.toThrow('the disk is gone');
  });
});

describe('the schema', () => {
  it('has a tensor with a channel axis, and whole labels as classes', async () => {
    const { rows, columns } = await schemaOf(Buffer.concat([IMAGES, LABELS]), 'idx');
    expect(rows).toBe(3);
    expect(columns).toEqual([
      {
        name: 'image',
        type: 'tensor',
        shape: [2, 2, 1],
        missing: 0,
        distinct: null,
        min: 0,
        max: 255,
        mean: expect.closeTo(310 / 12, 10),
        std: expect.closeTo(Math.sqrt(65_410 / 12 - (310 / 12) ** 2), 10),
        integer: true,
      },
      {
        name: 'label',
        type: 'category',
        missing: 0,
        distinct: 2,
        classes: [
          { value: '0', count: 1 },
          { value: '7', count: 2 },
        ],
      },
    ]);
  });

  it.each<[number[], number[]]>([
    [[1, 6], [6]],
    [
      [1, 3, 2],
      [3, 2, 1],
    ],
    [
      [1, 1, 2, 3],
      [1, 2, 3],
    ],
  ])('of %j has rows of %j', async (dimensions, shape) => {
    const content = Buffer.concat([idxFile(dimensions, [1, 2, 3, 4, 5, 6]), idxFile([1], [1])]);
    expect((await schemaOf(content, 'idx')).columns[0]!.shape).toEqual(shape);
  });

  it('has no labels where there is a file of images alone', async () => {
    for (const content of [IMAGES, gzipSync(IMAGES)]) {
      const { rows, columns } = await schemaOf(content, 'idx');
      expect([rows, columns.map(({ name }) => name)]).toEqual([3, ['image']]);
    }
    expect(await FORMATS.idx.preview(Readable.from([IMAGES]), 1)).toEqual([
      {
        image: [
          [[0], [1]],
          [[2], [3]],
        ],
      },
    ]);
    await expect(schemaOf(IMAGES, 'idx', { label: 'number' })).rejects.toThrow(
      /“label”: columnTypes names it/,
    );
  });

  it('says of two or three pairs which part each row came with, and of others nothing', async () => {
    const pair = Buffer.concat([IMAGES, LABELS]);
    const partOf = async (pairs: number) =>
      (await schemaOf(Buffer.concat(Array(pairs).fill(pair)), 'idx')).columns[2];
    const classes = (...names: string[]) => names.map((value) => ({ value, count: 3 }));
    expect(await partOf(2)).toMatchObject({ name: 'part', classes: classes('train', 'test') });
    expect(await partOf(3)).toMatchObject({ classes: classes('train', 'validation', 'test') });
    expect(await partOf(4)).toBeUndefined();
  });

  it('takes labels with fractions for numbers, and whole ones where that is declared', async () => {
    const halves = Buffer.concat([IMAGES, idxFile([3], [0.5, 1, 2], 0x0d)]);
    expect((await schemaOf(halves, 'idx')).columns[1]).toMatchObject({ type: 'number', min: 0.5, max: 2 });
    const declared = await schemaOf(Buffer.concat([IMAGES, LABELS]), 'idx', { label: 'number' });
    expect(declared.columns[1]).toMatchObject({ type: 'number', integer: true, max: 7 });
  });

  it.each<[string, Buffer, Record<string, 'number'>, RegExp]>([
    [
      'NaN in a picture',
      Buffer.concat([idxFile([2, 2], [0, 1, 2, Number.NaN], 0x0d), idxFile([2], [1, 2])]),
      {},
      /^column “image”: NaN isn’t a finite number \(row 2\)$/,
    ],
    [
      'an infinite label',
      Buffer.concat([IMAGES, idxFile([3], [1, 2, Number.POSITIVE_INFINITY], 0x0e)]),
      {},
      /^column “label”: Infinity isn’t a finite number \(row 3\)$/,
    ],
    [
      'a type for the tensor',
      Buffer.concat([IMAGES, LABELS]),
      { image: 'number' },
      /^column “image”: its type is settled/,
    ],
    [
      'a type for no column',
      Buffer.concat([IMAGES, LABELS]),
      { labels: 'number' },
      /“labels”: columnTypes names it/,
    ],
  ])('refuses %s', async (_what, content, types, message) => {
    await expect(schemaOf(content, 'idx', types)).rejects.toThrow(message);
  });
});

describe('the preview', () => {
  const preview = (limit: number, ...files: Buffer[]) =>
    FORMATS.idx.preview(Readable.from([Buffer.concat(files)]), limit);

  it('nests each picture, with its label', async () => {
    expect(await preview(2, IMAGES, LABELS)).toEqual([
      {
        image: [
          [[0], [1]],
          [[2], [3]],
        ],
        label: 7,
      },
      {
        image: [
          [[4], [5]],
          [[6], [7]],
        ],
        label: 0,
      },
    ]);
    expect(await preview(9, idxFile([2, 2], [1, 2, 3, 4]), idxFile([2], [5, 6]))).toEqual([
      { image: [1, 2], label: 5 },
      { image: [3, 4], label: 6 },
    ]);
  });

  it('goes on into the next pair, and no further than it must', async () => {
    const rows = await preview(5, IMAGES, LABELS, gzipSync(IMAGES), LABELS);
    expect(rows.map(({ label }) => label)).toEqual([7, 0, 7, 7, 0]);
    expect(await preview(3, IMAGES, LABELS, Buffer.from('broken'))).toHaveLength(3);
  });

  it('has fewer rows where they are large', async () => {
    const large = idxFile([3, 600, 1_000], Array(1_800_000).fill(1));
    expect(await preview(3, large, LABELS)).toHaveLength(1);
  });
});
