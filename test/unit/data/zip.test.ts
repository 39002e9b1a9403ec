import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { FORMATS } from '../../../src/data/formats/index.ts';
import { encodePng } from '../../../src/data/pictures/encode-png.ts';
import type { ImageSize } from '../../../src/spec/picture.ts';
import { classFolders, drawn, plain, promisedPng } from '../../pictures.ts';
import { type ZipEntry, zipFile } from '../../zip.ts';
import { type ColumnTypes, jobSpec, prepared, schemaOf, withFile } from './fixture.ts';

const schemaFor = (entries: readonly ZipEntry[], types: ColumnTypes = {}, maxBytes = 1e9) =>
  schemaOf(zipFile(entries), 'zip', types, maxBytes);
const junk = (name: string): ZipEntry => ({ name, content: Buffer.from('junk') });
const within = (folder: string, entries: readonly ZipEntry[]) =>
  entries.map((entry) => ({ ...entry, name: `${folder}/${entry.name}` }));

const png = (picture: Sharp) => picture.png().toBuffer();

describe('a ZIP of class folders', () => {
  it('has a tensor and a label', async () => {
    expect(await schemaFor(await classFolders(['dog', 'cat']))).toEqual({
      rows: 4,
      columns: [
        {
          name: 'image',
          type: 'tensor',
          shape: [4, 6, 3],
          missing: 0,
          distinct: null,
          min: 0,
          max: 255,
          integer: true,
          pictures: { channels: 3, sizes: [{ height: 4, width: 6, count: 4 }], distinctSizes: 1 },
        },
        {
          name: 'label',
          type: 'category',
          missing: 0,
          distinct: 2,
          classes: [
            { value: 'cat', count: 2 },
            { value: 'dog', count: 2 },
          ],
        },
      ],
    });
  });

  it('may lie in one folder more, among what systems leave behind and people write of it', async () => {
    const entries = [
      ...within('pets', await classFolders(['dog', 'cat'])),
      ...[
        '__MACOSX/pets/dog/._0.png',
        'pets/.DS_Store',
        'pets/cat/Thumbs.db',
        'pets/dog/._1.png',
        'desktop.ini',
        'README',
        'pets/readme.rst',
        'pets/LICENSE',
        'pets/Licence.html',
        'pets/NOTICE-2',
        'pets/cat/sources.txt',
        'pets/dog/about.MD',
      ].map(junk),
    ];
    expect(await schemaFor(entries)).toMatchObject({ rows: 4, columns: [{}, { distinct: 2 }] });
  });

  it.each([
    ['', 'val'],
    ['pets/', 'validation'],
  ])('may be divided, in “%s” and “%s”', async (top, validation) => {
    const folders = await classFolders(['dog', 'cat']);
    const entries = [
      ...within(`${top}test`, folders.slice(0, 1)),
      ...within(`${top}${validation}`, folders.slice(1, 3)),
      ...within(`${top}Train`, folders),
    ];
    expect((await schemaFor(entries)).columns[2]).toEqual({
      name: 'part',
      type: 'category',
      missing: 0,
      distinct: 3,
      classes: [
        { value: 'train', count: 4 },
        { value: 'validation', count: 2 },
        { value: 'test', count: 1 },
      ],
    });
    const spec = jobSpec({ split: { column: 'part' } });
    const { train, validation: measured, test } = await prepared(zipFile(entries), spec, { format: 'zip' });
    expect([train.count, measured.count, test.count]).toEqual([4, 2, 1]);
  });

  it('lists the sizes of its pictures, as they are looked at', async () => {
    const turned = await plain({ height: 2, width: 8 }).jpeg().withMetadata({ orientation: 6 }).toBuffer();
    const entries = [
      { name: 'a/1.png', content: await png(plain({ height: 8, width: 2 })) },
      { name: 'a/2.PNG', content: await png(plain({ height: 3, width: 3 })) },
      { name: 'b/turned.jpeg', content: turned },
    ];
    const [image] = (await schemaFor(entries)).columns;
    expect(image!.shape).toBeUndefined();
    expect(image!.pictures).toEqual({
      channels: 3,
      sizes: [
        { height: 8, width: 2, count: 2 },
        { height: 3, width: 3, count: 1 },
      ],
      distinctSizes: 2,
    });
  });

  it('is grey where all of its pictures are', async () => {
    const grey = { name: 'a/1.png', content: await png(drawn([0, 50, 100, 150], 2, 2, 1)) };
    const deep = {
      name: 'b/1.png',
      content: await png(drawn([0, 50, 100, 150], 2, 2, 1).toColourspace('grey16')),
    };
    const colour = { name: 'b/2.png', content: await png(plain({ height: 2, width: 2 })) };
    expect((await schemaFor([grey, deep])).columns[0]!.shape).toEqual([2, 2, 1]);
    expect((await schemaFor([grey, deep, colour])).columns[0]!.shape).toEqual([2, 2, 3]);
  });

  it('may have numbers for folders, which can be regressed', async () => {
    const schema = await schemaFor(await classFolders(['3', '10', '7']), { label: 'number' });
    expect(schema.columns[1]).toMatchObject({ type: 'number', min: 3, max: 10 });
    await expect(schemaFor(await classFolders(['3', 'x']), { label: 'number' })).rejects.toThrow(
      /“label”: “x” isn’t a number/,
    );
    for (const column of ['image', 'part'])
      await expect(schemaFor(await classFolders(['a', 'b']), { [column]: 'number' })).rejects.toThrow(
        /its type is settled/,
      );
  });

  it.each([
    ['', ['image']],
    ['pets/cat/', ['image', 'label']],
    ['pets/train/', ['image', 'part']],
  ])('has no label where no picture lies in a folder of a class: “%s”', async (folder, columns) => {
    const names = folder.endsWith('train/')
      ? [`${folder}1.png`, `${folder.replace('train', 'test')}1.png`]
      : [`${folder}1.png`, `${folder}2.png`];
    const content = await png(plain({ height: 4, width: 6 }));
    const archive = zipFile(names.map((name) => ({ name, content })));
    expect((await schemaOf(archive, 'zip')).columns.map(({ name }) => name)).toEqual(columns);
    const rows = await withFile(archive, (path) => FORMATS.zip.preview(path, 1));
    expect('label' in rows[0]!).toBe(columns.includes('label'));
    const spec = jobSpec({ split: { validation: 0, test: 0 } }, [], 7, { type: 'rotation' });
    const { train, preprocess } = await prepared(archive, spec, { format: 'zip' });
    expect([train.count, train.width]).toEqual([2, 4 * 6 * 3]);
    expect(preprocess.inputs.map(({ name }) => name)).toEqual(['image']);
  });

  it('is previewed by its files', async () => {
    const content = zipFile(
      within('train', await classFolders(['dog', 'cat'])).concat(within('test', await classFolders(['cat']))),
    );
    const rows = await withFile(content, (path) => FORMATS.zip.preview(path, 3));
    expect(rows).toEqual([
      { file: 'train/dog/0.png', label: 'dog', part: 'train', height: 4, width: 6 },
      { file: 'train/dog/0.jpg', label: 'dog', part: 'train', height: 4, width: 6 },
      { file: 'train/cat/1.png', label: 'cat', part: 'train', height: 4, width: 6 },
    ]);
  });

  const broken = async () => (await png(plain({ height: 40, width: 40 }))).subarray(0, -30);
  const brokenJpeg = async () => {
    const noise = drawn(
      Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * 7919) % 256),
      64,
      64,
      3,
    );
    return (await noise.jpeg().toBuffer()).subarray(0, 800);
  };
  it.each<[string, (good: ZipEntry[]) => ZipEntry[] | Promise<ZipEntry[]>, RegExp]>([
    ['no picture', () => [junk('.DS_Store')], /^the ZIP file holds no picture$/],
    [
      'another file',
      (good) => [...good, junk('dog/labels.csv')],
      /^“dog\/labels\.csv” is no picture: only \.png, \.jpg and \.jpeg are taken$/,
    ],
    [
      'a folder that is named like a note',
      (good) => [...good, junk('readme/a.gif')],
      /^“readme\/a\.gif” is no picture/,
    ],
    [
      'a picture that is named like a note',
      (good) => [...good, junk('dog/notice.png')],
      /^“dog\/notice\.png” is neither a PNG nor a JPEG$/,
    ],
    [
      'a picture of another kind by its name',
      (good) => [...good, junk('dog/a.gif')],
      /^“dog\/a\.gif” is no picture/,
    ],
    [
      'a picture at the top',
      (good) => [...good, junk('a.png')],
      /^“a\.png” lies in no folder of a class: pictures lie in/,
    ],
    [
      'a folder in a class',
      (good) => [...good, junk('dog/more/a.png')],
      /^“dog\/more\/a\.png” lies in a folder within another/,
    ],
    [
      'parts with classes and without',
      () => [junk('train/1.png'), junk('test/cat/2.png')],
      /^“train\/1\.png” lies in no folder of a class/,
    ],
    [
      'a class that reads as missing',
      (good) => [...good, junk('NA/a.png')],
      /^the folder “NA” reads as a missing value/,
    ],
    ['a class without a name', (good) => [...good, junk(' /a.png')], /reads as a missing value/],
    [
      'a long name for a class',
      (good) => [...good, junk(`${'a'.repeat(101)}/a.png`)],
      /a name of more than 100 characters$/,
    ],
    [
      'text that calls itself a PNG',
      (good) => [...good, junk('dog/junk.png')],
      /^“dog\/junk\.png” is neither a PNG nor a JPEG$/,
    ],
    [
      'a vector graphic that calls itself a PNG',
      (good) => [
        ...good,
        {
          name: 'dog/a.png',
          content: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
        },
      ],
      /^“dog\/a\.png” is neither a PNG nor a JPEG$/,
    ],
    [
      'a GIF that calls itself a JPEG',
      async (good) => [
        ...good,
        { name: 'dog/a.jpg', content: await plain({ height: 2, width: 2 }).gif().toBuffer() },
      ],
      /is neither a PNG nor a JPEG$/,
    ],
    [
      'a broken PNG',
      async (good) => [...good, { name: 'dog/broken.png', content: await broken() }],
      /^“dog\/broken\.png” can’t be decoded: /,
    ],
    [
      'a broken JPEG',
      async (good) => [...good, { name: 'dog/broken.jpg', content: await brokenJpeg() }],
      /^“dog\/broken\.jpg” can’t be decoded: /,
    ],
    [
      'a pixel bomb',
      async (good) => [...good, { name: 'dog/bomb.png', content: await promisedPng(50_000, 50_000) }],
      /^“dog\/bomb\.png” has more than 50000000 pixels$/,
    ],
    [
      'a picture that is too large',
      (good) => [...good, { name: 'dog/a.png', content: Buffer.alloc(33 * 1024 * 1024) }],
      /^“dog\/a\.png” has 34603008 bytes, and 33554432 are the most$/,
    ],
  ])('with %s is refused', async (_what, add, message) => {
    await expect(schemaFor(await add(await classFolders(['dog', 'cat'])))).rejects.toThrow(message);
  });

  it('that unzips to more than an upload may have is refused', async () => {
    const bomb = { name: 'dog/a.png', content: Buffer.alloc(1_000_000) };
    await expect(schemaFor([bomb], {}, 500_000)).rejects.toThrow(/unzips to more than the 500000 bytes/);
  });

  it('of another data set than was described is refused', async () => {
    const schema = await schemaFor(await classFolders(['dog', 'cat']));
    const content = zipFile(await classFolders(['dog', 'cat', 'cow']));
    await expect(withFile(content, (path) => FORMATS.zip.loadTable(path, [], schema))).rejects.toThrow(
      'the file has 6 rows and not 4',
    );
  });
});

describe('pictures that are learned from', () => {
  const whole = { shuffle: false, standardize: false, split: { validation: 0, test: 0 } } as const;
  /** The bytes of each row. */
  async function bytesOf(
    pictures: readonly Buffer[],
    imageSize?: Partial<ImageSize> & Pick<ImageSize, 'height' | 'width'>,
  ) {
    const entries = pictures.map((content, i) => ({ name: `${i % 2}/${i}.png`, content }));
    const spec = jobSpec({ ...whole, ...(imageSize && { imageSize }) });
    const { train, preprocess } = await prepared(zipFile(entries), spec, { format: 'zip' });
    const rows = Array.from({ length: train.count }, (_, i) =>
      [...train.x.subarray(i * train.width, (i + 1) * train.width)].map((value) => Math.round(value * 255)),
    );
    return { rows, encoding: preprocess.inputs[0]! };
  }

  it('of one size are taken as they are', async () => {
    const values = Array.from({ length: 2 * 3 * 3 }, (_, i) => i * 13);
    const other = values.map((value) => 255 - value);
    const { rows, encoding } = await bytesOf(
      await Promise.all([values, other].map((it) => png(drawn(it, 2, 3, 3)))),
    );
    expect(rows).toEqual([values, other]);
    expect(encoding).toMatchObject({ shape: [2, 3, 3], scale: 1 / 255, fit: 'cover' });
  });

  it('keep their order and their labels, however many there are', async () => {
    const pictures = await Promise.all(
      Array.from({ length: 60 }, (_, i) => png(drawn([i, i, i, i], 2, 2, 1))),
    );
    const { rows } = await bytesOf(pictures);
    expect(rows.map(([first]) => first)).toEqual(Array.from({ length: 60 }, (_, i) => i));
  });

  it('are brought to a size: cut off, with black beside them, or stretched', async () => {
    // Two columns of red, and one of blue to either side.
    const line = [0, 0, 255, 255, 0, 0, 255, 0, 0, 0, 0, 255];
    const picture = await png(drawn([...line, ...line], 2, 4, 3));
    const at = async (fit: ImageSize['fit']) => {
      const { rows } = await bytesOf([picture, picture], { height: 2, width: 2, fit });
      return rows[0]!;
    };
    expect(await at('cover')).toEqual([255, 0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0]);
    const contained = await at('contain');
    expect(contained.slice(6)).toEqual([0, 0, 0, 0, 0, 0]);
    const stretched = await at('fill');
    expect(stretched[2]).toBeGreaterThan(50);
    expect(stretched[0]).toBeLessThan(200);
  });

  it('are made grey, or given colours, where that is asked for', async () => {
    const size = { height: 2, width: 2 };
    const colour = await png(plain({ ...size, colour: [255, 0, 0] }));
    const grey = await png(drawn([10, 20, 30, 40], 2, 2, 1));
    expect((await bytesOf([grey, grey], { ...size, channels: 3 })).rows[0]).toEqual(
      [10, 20, 30, 40].flatMap((value) => [value, value, value]),
    );
    const { rows } = await bytesOf([colour, grey], { ...size, channels: 1 });
    expect(rows[0]).toHaveLength(4);
    expect(rows[0]![0]).toBeGreaterThan(50);
    expect(rows[1]).toEqual([10, 20, 30, 40]);
    expect((await bytesOf([colour, grey])).rows[1]).toEqual(
      [10, 20, 30, 40].flatMap((value) => [value, value, value]),
    );
  });

  it('lie on white where they are transparent, have 8 bits, and are turned as their camera says', async () => {
    const half = await png(drawn(Array(4).fill([255, 0, 0, 0]).flat(), 2, 2, 4));
    const deep = await png(drawn([0, 64, 128, 255], 2, 2, 1).toColourspace('grey16'));
    const { rows } = await bytesOf([half, deep]);
    expect(rows[0]).toEqual(Array(12).fill(255));
    expect(rows[1]).toEqual([0, 64, 128, 255].flatMap((value) => [value, value, value]));
    const turned = await drawn([10, 20, 30, 200, 210, 220], 1, 2, 3)
      .png()
      .withMetadata({ orientation: 6 })
      .toBuffer();
    expect((await bytesOf([turned, turned])).rows[0]).toEqual([10, 20, 30, 200, 210, 220]);
    expect((await bytesOf([turned, turned])).encoding).toMatchObject({ shape: [2, 1, 3] });
  });

  it('come back from a PNG as they were', async () => {
    for (const channels of [1, 3] as const) {
      const values = Uint8Array.from({ length: 4 * 5 * channels }, (_, i) => (i * 31) % 256);
      const content = await encodePng(values, { height: 4, width: 5, channels });
      expect(await sharp(content).metadata()).toMatchObject({ format: 'png', height: 4, width: 5, channels });
      const { rows } = await bytesOf([content, content]);
      expect(rows[0]).toEqual([...values]);
    }
  });
});
