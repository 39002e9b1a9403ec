import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatasetResource } from '../../../src/spec/resource/dataset.ts';
import type { Problem } from '../../../src/spec/resource/problem.ts';
import { ROWS, TestApi } from '../../api-server.ts';
import { idxFile } from '../../idx.ts';
import { fixture } from '../../parity/fixture.ts';
import { classFolders, promisedPng } from '../../pictures.ts';
import { zipFile } from '../../zip.ts';

const LIMIT = 500_000;
let api: TestApi;

beforeAll(async () => {
  api = await TestApi.start({ TRAINYARD_MAX_UPLOAD_BYTES: String(LIMIT) });
});
afterAll(() => api.stop());

function part(content: Buffer, name: string, type = ''): File {
  return new File([new Uint8Array(content)], name, { type });
}

describe('an upload of pictures', () => {
  const images = idxFile(
    [6, 2, 3],
    Array.from({ length: 36 }, (_, i) => i),
  );
  const labels = idxFile([6], [1, 0, 1, 0, 1, 2]);
  const type = 'application/x-idx';
  const rawUpload = (content: Buffer, query = '?name=pictures') =>
    api.upload(content, { 'content-type': type }, query);

  it.each([
    ['plain', Buffer.concat([images, labels])],
    ['gzipped', Buffer.concat([gzipSync(images), gzipSync(labels)])],
  ])('as a raw body, %s, answers its columns and previews', async (_how, content) => {
    const response = await rawUpload(content);
    expect(response.statusCode).toBe(201);
    const dataset = response.json<DatasetResource>();
    expect(dataset).toMatchObject({
      format: 'idx',
      rows: 6,
      bytes: content.length,
      sha256: createHash('sha256').update(content).digest('hex'),
      columns: [
        { name: 'image', type: 'tensor', shape: [2, 3, 1], min: 0, max: 35 },
        { name: 'label', type: 'category', distinct: 3 },
      ],
    });
    expect((await api.get(`${dataset.urls.preview}?limit=1`)).json().data).toEqual([
      {
        image: [
          [[0], [1], [2]],
          [[3], [4], [5]],
        ],
        label: 1,
      },
    ]);
  });

  it('as a form takes the images, then the labels, and more pairs', async () => {
    const pair = (zip: (content: Buffer) => Buffer): [string, File][] => [
      ['file', part(zip(images), 'train-images-idx3-ubyte.gz')],
      ['labels', part(zip(labels), 'train-labels-idx1-ubyte.gz')],
    ];
    const plain = (content: Buffer) => content;
    const response = await api.uploadForm([...pair(gzipSync), ['name', 'all'], ...pair(plain)]);
    expect(response.status).toBe(201);
    const dataset = (await response.json()) as DatasetResource;
    expect(dataset).toMatchObject({ name: 'all', format: 'idx', rows: 12 });
    const stored = Buffer.concat([gzipSync(images), gzipSync(labels), images, labels]);
    expect(dataset.sha256).toBe(createHash('sha256').update(stored).digest('hex'));
  });

  it('as a form may have the images alone', async () => {
    const response = await api.uploadForm([['file', part(images, 'a.idx')]]);
    expect(response.status).toBe(201);
    expect(await response.json()).toMatchObject({ rows: 6, columns: [{ name: 'image' }] });
  });

  it('takes a number for the label where that is declared, and no type for the images', async () => {
    const content = Buffer.concat([images, labels]);
    const types = (declared: object) => `?name=p&columnTypes=${encodeURIComponent(JSON.stringify(declared))}`;
    const declared = await rawUpload(content, types({ label: 'number' }));
    expect(declared.json().columns[1]).toMatchObject({ type: 'number', integer: true });
    expect((await rawUpload(content, types({ image: 'number' }))).statusCode).toBe(422);
    const tensor = await rawUpload(content, types({ label: 'tensor' }));
    expect(tensor.statusCode).toBe(400);
    expect(tensor.json().detail).toMatch(/columnTypes\/label/);
  });

  it.each<[string, Buffer, RegExp]>([
    [
      'without the labels of its second images',
      Buffer.concat([images, labels, images]),
      /the file of labels from row 7 on is missing/,
    ],
    [
      'cut off',
      Buffer.concat([images, labels]).subarray(0, -1),
      /labels breaks off: .* 6 bytes.* there are 5/,
    ],
    [
      'with a label too few',
      Buffer.concat([images, idxFile([5], [1, 2, 3, 4, 5])]),
      /6 images, and 5 labels/,
    ],
    [
      'that inflates without end',
      gzipSync(Buffer.concat([idxFile([400_000, 1_000], []), Buffer.alloc(50_000_000)])),
      /unzipped, a data set may have at most 500000 bytes/,
    ],
  ])('%s is refused, and leaves nothing', async (_what, content, message) => {
    const before = await api.blobs();
    const response = await rawUpload(content);
    expect(response.statusCode).toBe(422);
    expect(response.json()).toMatchObject({ code: 'invalidDataset', errors: [{ pointer: '/file' }] });
    expect(response.json().detail).toMatch(message);
    expect(await api.blobs()).toEqual(before);
  });

  it.each<[string, [string, File][], number, RegExp]>([
    [
      'labels of another name',
      [
        ['file', part(images, 'a.idx')],
        ['file', part(labels, 'b.idx')],
      ],
      400,
      /“file” stands where “labels” is expected/,
    ],
    ['labels alone', [['labels', part(labels, 'a.idx')]], 400, /needs a part “file”/],
  ])('as a form with %s is refused', async (_what, parts, status, message) => {
    const before = await api.blobs();
    const response = await api.uploadForm(parts);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(((await response.json()) as Problem).detail).toMatch(message);
    expect(await api.blobs()).toEqual(before);
  });
});

describe('an upload that is read once it is stored', () => {
  const send = (content: Buffer, type: string, query = '?name=pets') =>
    api.upload(content, { 'content-type': type }, query);
  const pets = async () => zipFile(await classFolders(['cat', 'dog']));
  const arrays = Buffer.from(fixture<{ parts: string }>('npz').parts, 'base64');

  it('may be a ZIP of pictures, as a raw body, and is previewed by its files', async () => {
    const content = await pets();
    const response = await send(content, 'application/zip');
    expect(response.statusCode).toBe(201);
    const dataset = response.json<DatasetResource>();
    expect(dataset).toMatchObject({
      format: 'zip',
      rows: 4,
      bytes: content.length,
      sha256: createHash('sha256').update(content).digest('hex'),
      columns: [
        { name: 'image', shape: [4, 6, 3], pictures: { channels: 3 } },
        { name: 'label', distinct: 2 },
      ],
    });
    expect((await api.get(dataset.urls.self)).json()).toEqual(dataset);
    expect((await api.get(`${dataset.urls.preview}?limit=1`)).json().data).toEqual([
      { file: 'cat/0.png', label: 'cat', height: 4, width: 6 },
    ]);
    const again = await send(content, 'application/x-zip-compressed');
    expect(again.json()).toMatchObject({ format: 'zip', sha256: dataset.sha256 });
  });

  it('may be NumPy’s arrays, as a raw body, and is previewed as lists', async () => {
    const response = await send(arrays, 'application/x-npz');
    expect(response.statusCode).toBe(201);
    const dataset = response.json<DatasetResource>();
    expect(dataset).toMatchObject({
      format: 'npz',
      rows: 6,
      columns: [{ shape: [2, 2, 1] }, {}, { name: 'part' }],
    });
    const [row] = (await api.get(`${dataset.urls.preview}?limit=1`)).json().data;
    expect(row.image).toHaveLength(2);
  });

  it.each([
    ['pets.zip', ''],
    ['pets.zip', 'application/octet-stream'],
    ['pets', 'application/zip'],
    ['arrays.NPZ', ''],
    ['arrays.npz', 'application/zip'],
  ])('as a form is told by its name, %s, or its type, %s', async (name, type) => {
    const isArrays = /npz$/i.test(name);
    const response = await api.uploadForm([
      ['file', part(isArrays ? arrays : await pets(), name, type)],
      ['name', 'pets'],
    ]);
    expect(response.status).toBe(201);
    expect(await response.json()).toMatchObject({ name: 'pets', format: isArrays ? 'npz' : 'zip' });
  });

  it.each<[string, () => Promise<Buffer>, string, RegExp]>([
    ['no ZIP', async () => Buffer.from(ROWS), 'application/zip', /^the file isn’t a ZIP file/],
    ['nothing', async () => Buffer.alloc(0), 'application/x-npz', /^the file isn’t a ZIP file/],
    [
      'a zip bomb',
      async () => zipFile([{ name: 'cat/a.png', content: Buffer.alloc(50_000_000) }]),
      'application/zip',
      /^the ZIP file unzips to more than the 500000 bytes/,
    ],
    [
      'a pixel bomb',
      async () => zipFile([{ name: 'cat/a.png', content: await promisedPng(50_000, 50_000) }]),
      'application/zip',
      /^“cat\/a\.png” has more than 50000000 pixels$/,
    ],
    ['pictures for arrays', pets, 'application/x-npz', /^the array “cat\/0\.png” isn’t known/],
    ['arrays for pictures', async () => arrays, 'application/zip', /^“x_train\.npy” is no picture/],
  ])('is refused for %s, and leaves nothing', async (_what, make, type, message) => {
    const content = await make();
    const before = await api.blobs();
    const response = await send(content, type);
    expect(response.statusCode).toBe(422);
    expect(response.json()).toMatchObject({ code: 'invalidDataset', errors: [{ pointer: '/file' }] });
    expect(response.json().detail).toMatch(message);
    expect(await api.blobs()).toEqual(before);
  });

  it('is refused where it is too large, as a body or in a form', async () => {
    const content = Buffer.concat([await pets(), Buffer.alloc(LIMIT)]);
    const before = await api.blobs();
    expect((await send(content, 'application/zip')).statusCode).toBe(413);
    expect((await api.uploadForm([['file', part(content, 'pets.zip')]])).status).toBe(413);
    expect(await api.blobs()).toEqual(before);
  });

  it('is taken and refused at the same time with the same content', async () => {
    const content = zipFile(await classFolders(['cow', 'pig']));
    const types = encodeURIComponent(JSON.stringify({ image: 'number' }));
    const responses = await Promise.all([
      send(content, 'application/zip', `?name=a&columnTypes=${types}`),
      send(content, 'application/zip', '?name=b'),
      send(content, 'application/zip', `?name=c&columnTypes=${types}`),
    ]);
    // Where one is refused while another is read, the content may be gone: then it is to be sent again.
    const [first, second, third] = responses.map(({ statusCode }) => statusCode);
    expect([422, 503]).toContain(first);
    expect([201, 503]).toContain(second);
    expect([422, 503]).toContain(third);
  });
});
