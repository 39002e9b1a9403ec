import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { importForm } from '../form.ts';
import { idxHeader } from '../idx.ts';
import { hdf5Of, kerasArchive } from '../keras-files.ts';
import { smallModel } from '../small-model.ts';
import { sequential } from '../unit/spec/topology-fixture.ts';
import { type ZipEntry, zipFile, zipOf } from '../zip.ts';
import type { Attack } from './watch.ts';

/** What would fill the memory, keep the process busy, or have it run what a stranger sends; and what answers it. */

const MIB = 2 ** 20;
const GIB = 2 ** 30;

type Body = Iterable<Uint8Array | string>;
/** The attack, the status that answers it, and what the answer says. */
export type Case = readonly [
  name: string,
  make: () => Attack | Promise<Attack>,
  status: number,
  says: RegExp,
];

/** So much of a unit that nobody waits for its end. */
function* endless(unit: string, first = ''): Body {
  yield first;
  const chunk = Buffer.from(unit.repeat(Math.ceil(MIB / unit.length)));
  for (let sent = 0; sent < GIB; sent += chunk.length) yield chunk;
}

function dataset(type: string, ...body: (Uint8Array | string)[]): Attack {
  return { path: '/v1/datasets?name=attack', headers: { 'content-type': type }, body: () => body };
}
const csv = (...body: string[]) => dataset('text/csv', ...body);
const jsonl = (...body: string[]) => dataset('application/x-ndjson', ...body);
const idx = (...body: Uint8Array[]) => dataset('application/x-idx', ...body);
const npz = (body: Uint8Array) => dataset('application/x-npz', body);
const zip = (body: Uint8Array) => dataset('application/zip', body);
const streamed = (attack: Attack, body: () => Body): Attack => ({ ...attack, body });

function json(path: string, text: string): Attack {
  return { path, headers: { 'content-type': 'application/json' }, body: () => [text] };
}

function model(files: Record<string, Uint8Array>): Attack {
  const { payload, headers } = importForm(files);
  return { path: '/v1/models', headers, body: () => [payload] };
}
const modelJson = (text: string) => model({ 'model.json': Buffer.from(text) });

const names = (count: number) => Array.from({ length: count }, (_, i) => `c${i}`);
const times = (count: number, text: string) => Array(count).fill(text).join();

function job({ layers = '{"type":"dense","units":4}', stages = '{"epochs":1}', more = '' }): Attack {
  const data = '{"dataset":"ds_x","target":"y"}';
  return json('/v1/jobs', `{"data":${data},"model":{"layers":[${layers}]},"stages":[${stages}]${more}}`);
}

/** Text that comes three times each, so that it is a category. */
function* categories(columns: number, distinct: number): Body {
  yield `${names(columns).join()}\n`;
  for (let again = 0; again < 3; again++)
    for (let i = 0; i < distinct; i++) yield `${times(columns, `v${i}x`)}\n`;
}

function npy(header: string, numbers = Buffer.alloc(16)): Buffer {
  const padded = `${header.padEnd(117)}\n`;
  const start = Buffer.from([
    0x93,
    0x4e,
    0x55,
    0x4d,
    0x50,
    0x59,
    1,
    0,
    padded.length & 255,
    padded.length >> 8,
  ]);
  return Buffer.concat([start, Buffer.from(padded), numbers]);
}
const npyOf = (shape: string, type = '|u1') =>
  npz(zipOf({ 'x.npy': npy(`{'descr': '${type}', 'fortran_order': False, 'shape': ${shape}, }`) }));

const blank = (channels: 3 | 4) =>
  sharp({ create: { width: 7_000, height: 7_000, channels, background: '#0000' } });
const pictures = (name: string, content: Buffer) =>
  zip(zipOf({ [name]: content, 'b/2.png': content }, false));

/** So many zeros, as the directory tells of them. */
const zeros = (name: string, bytes: number): ZipEntry => ({
  name,
  content: Buffer.alloc(MIB),
  lies: { bytes },
});

/** A layer whose numbers are all 0, and so compressed to next to nothing. */
async function inflated(units: number): Promise<Buffer> {
  const options = { name: 'd', units, activation: 'linear', batch_input_shape: [null, units] };
  return hdf5Of((file) => {
    file.create_attribute(
      'model_config',
      JSON.stringify(sequential({ class_name: 'Dense', config: options })),
    );
    file.create_group('model_weights').create_attribute('layer_names', ['d']);
    file.create_group('model_weights/d').create_attribute('weight_names', ['d/kernel:0', 'd/bias:0']);
    file.create_group('model_weights/d/d');
    const shape = [units, units];
    const name = 'model_weights/d/d/kernel:0';
    file.create_dataset({
      name,
      data: new Float32Array(units ** 2),
      shape,
      chunks: [500, 500],
      compression: 9,
    });
    file.create_dataset({ name: 'model_weights/d/d/bias:0', data: new Float32Array(units) });
  });
}

/** A model with a layer of somebody’s own, as Keras 3 writes it. */
function custom(class_name: string, more: object = {}): object {
  const dense = { class_name: 'Dense', config: { name: 'd', units: 1, batch_input_shape: [null, 1] } };
  const evil = {
    module: 'os',
    registered_name: `evil>${class_name}`,
    class_name,
    config: { name: 'e', ...more },
  };
  return { class_name: 'Sequential', config: { name: 'model', layers: [dense, evil] } };
}
function withTopology(modelTopology: object): Attack {
  const { 'model.json': json, ...shards } = smallModel();
  const text = JSON.stringify({ ...JSON.parse(json!.toString()), modelTopology });
  return model({ 'model.json': Buffer.from(text), ...shards });
}

/** As Keras marshals a Lambda’s function: code, in base64. */
const MARSHALLED = { function: { class_name: '__lambda__', config: { code: '4wAAAA==', defaults: null } } };

export const ATTACKS: readonly Case[] = [
  // Tables
  [
    'a CSV line of 1 GB',
    () => streamed(csv(), () => endless('a')),
    422,
    /line 1: the row is longer than 1 MiB/,
  ],
  [
    'a quote that never ends',
    () => streamed(csv(), () => endless('a', 'x,y\n1,"')),
    422,
    /line 2.*never closed/,
  ],
  ['commas without end', () => streamed(csv(), () => endless(',')), 422, /row is longer|10000 columns/],
  ['a million CSV columns', () => csv(`${times(1_000_000, '')}\n1\n`), 422, /more than 10000 columns/],
  [
    '1,000 columns of 1,000 categories',
    () => streamed(csv(), () => categories(1_000, 1_000)),
    422,
    /too many categories/,
  ],
  ['a JSON line of 1 GB', () => streamed(jsonl(), () => endless('a', '{"x":"')), 422, /longer than 1 MiB/],
  [
    'a billion keys in a line',
    () => streamed(jsonl(), () => endless('"k":1,', '{')),
    422,
    /longer than 1 MiB/,
  ],
  [
    '50,000 columns of a JSON line',
    () => jsonl(`{${names(50_000).map((name) => `"${name}":1`)}}`),
    422,
    /10000 columns/,
  ],
  [
    'a JSON line nested 100,000 deep',
    () => jsonl(`${'['.repeat(100_000)}${']'.repeat(100_000)}`),
    422,
    /must be a JSON object/,
  ],
  [
    'a JSON value nested 100,000 deep',
    () => jsonl(`${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`),
    422,
    /not a list or an object/,
  ],
  [
    'empty JSON rows of 10,000 columns',
    () => jsonl(`{${names(10_000).map((name) => `"${name}":1`)}}\n`, '{}\n'.repeat(30_000)),
    422,
    /250000000 cells/,
  ],
  // Bodies
  [
    'a JSON body nested 5 MB deep',
    () => json('/v1/jobs', '['.repeat(5 * MIB - 10)),
    400,
    /deeper than 64 levels/,
  ],
  [
    'a million layers',
    () => job({ layers: times(1_000_000, '{}') }),
    400,
    /150000 objects, lists and fields/,
  ],
  [
    '300,000 unknown fields',
    () => job({ more: `,${names(300_000).map((name) => `"${name}":1`)}` }),
    400,
    /150000 objects/,
  ],
  [
    '200,000 labels',
    () => job({ more: `,"labels":{${names(200_000).map((name) => `"${name}":"x"`)}}` }),
    400,
    /150000 objects/,
  ],
  [
    '101 labels',
    () => job({ more: `,"labels":{${names(101).map((name) => `"${name}":"x"`)}}` }),
    422,
    /more than 100 labels/,
  ],
  ['a million numbers for layers', () => job({ layers: times(2_000_000, '1') }), 422, /ds_/],
  [
    '400,000 lists to predict',
    () => json('/v1/models/mdl_none/predictions', `{"inputs":[[${times(500_000, '[1]')}]]}`),
    400,
    /400000 objects/,
  ],
  // Tensors
  [
    'an IDX header that promises 2¹²⁸ numbers',
    () => idx(idxHeader(14, Array(4).fill(0xffffffff))),
    422,
    /promises/,
  ],
  ['an IDX header that promises 1 GB', () => idx(idxHeader(8, [1_000_000, 32, 32])), 422, /breaks off/],
  [
    'a gzip bomb',
    () => idx(gzipSync(Buffer.concat([idxHeader(8, [10, 2, 2]), Buffer.alloc(100 * MIB)]))),
    422,
    /more bytes than/,
  ],
  [
    'a gzip bomb that is promised',
    () => idx(gzipSync(Buffer.concat([idxHeader(8, [64, 1024, 1024]), Buffer.alloc(64 * MIB)]))),
    201,
    /"rows":64/,
  ],
  ['200,000 pairs of IDX files', () => idx(...manyPairs()), 422, /more than 100 pairs/],
  [
    'an NPY shape beyond its data',
    () => npyOf('(1000000, 8)'),
    422,
    /promises 8000000 bytes of numbers, and there are 16/,
  ],
  ['an NPY shape below zero', () => npyOf('(-1, 8)'), 422, /header that can’t be read/],
  [
    'an NPY shape beyond 2⁵³',
    () => npyOf('(999999999999999, 999999999999999, 999999999999999)'),
    422,
    /promises/,
  ],
  ['an NPY of Python objects', () => npyOf('(2,)', '|O'), 422, /objects of Python are never loaded/],
  [
    'an NPY header of 64 KB',
    () => npz(zipOf({ 'x.npy': npy(' '.repeat(65_000)) })),
    422,
    /10000 are the most/,
  ],
  // Archives and pictures
  [
    'a ZIP of 4 GB of zeros',
    () => zip(zipFile(Array.from({ length: 40 }, (_, i) => zeros(`a/${i}.png`, 100 * MIB)))),
    422,
    /unzips to more than/,
  ],
  [
    'a ZIP entry that lies of its size',
    () => zip(zipFile([{ name: 'a/1.png', content: Buffer.alloc(50 * MIB), lies: { bytes: 1_000 } }])),
    422,
    /too many bytes/,
  ],
  [
    'a ZIP that promises 2⁴⁰ entries',
    () => zip(zipFile([{ name: 'a/1.png', content: Buffer.from('x') }], 2 ** 40)),
    422,
    /100000 are the most/,
  ],
  ['a ZIP entry that climbs out', () => zip(zipOf({ '../../x.png': 'x' })), 422, /invalid relative path/],
  [
    'an interlaced PNG of 49 megapixels',
    async () =>
      pictures('a/1.png', await blank(4).toColourspace('rgb16').png({ progressive: true }).toBuffer()),
    422,
    /interlaced or progressive/,
  ],
  [
    'a progressive JPEG of 49 megapixels',
    async () => pictures('a/1.jpg', await blank(3).jpeg({ progressive: true }).toBuffer()),
    422,
    /interlaced or progressive/,
  ],
  ['a PNG of 49 megapixels', async () => pictures('a/1.png', await blank(4).png().toBuffer()), 201, /7000/],
  // Models
  [
    '60 MB of empty lists as model.json',
    () => modelJson(`{"modelTopology":{"a":[${times(20 * MIB, '[]')}]}}`),
    422,
    /more than 8388608 bytes/,
  ],
  [
    '7 MB of empty lists as model.json',
    () => modelJson(`{"modelTopology":{"a":[${times(2 * MIB, '[]')}]}}`),
    422,
    /400000 objects, lists and fields/,
  ],
  [
    'a shape beyond 2⁵³ in model.json',
    () => modelJson(smallModel()['model.json']!.toString().replace('[3,2]', '[9007199254740993,9]')),
    422,
    /9007199254740991/,
  ],
  [
    'a model.json that inflates to 50 MB',
    () => model({ 'a.zip': zipOf({ 'model.json': Buffer.alloc(50 * MIB, '[') }) }),
    422,
    /more than 8388608 bytes/,
  ],
  [
    'HDF5 weights that inflate 200 times',
    async () => model({ 'a.h5': await inflated(3_000) }),
    422,
    /more than 20 times the file/,
  ],
  [
    'an HDF5 file of nothing but its name',
    () => model({ 'a.h5': Buffer.concat([Buffer.from('\x89HDF\r\n\x1a\n', 'latin1'), Buffer.alloc(MIB)]) }),
    422,
    /HDF5 file can’t be read/,
  ],
  [
    'a Lambda layer with its code',
    () => withTopology(custom('Lambda', MARSHALLED)),
    422,
    /“Lambda” has no layer here/,
  ],
  ['a custom class', () => withTopology(custom('__import__("os").system')), 422, /has no layer here/],
  [
    'a .keras archive with a Lambda',
    async () => model({ 'a.keras': await kerasArchive(custom('Lambda', MARSHALLED), {}) }),
    422,
    /“Lambda” has no layer here/,
  ],
  [
    'a .keras archive with a custom object',
    async () =>
      model({
        'a.keras': await kerasArchive(custom('Evil'), {}),
      }),
    422,
    /“Evil” has no layer here/,
  ],
  [
    'a pickle',
    () => model({ 'a.pkl': Buffer.from('\x80\x04\x95cos\nsystem\n(S"id"\ntR.', 'latin1') }),
    422,
    /neither a model.json/,
  ],
];

function manyPairs(): Buffer[] {
  const images = Buffer.concat([idxHeader(8, [1, 1, 1]), Buffer.from([1])]);
  const labels = Buffer.concat([idxHeader(8, [1]), Buffer.from([0])]);
  return Array(20).fill(Buffer.concat(Array(10_000).fill(Buffer.concat([images, labels]))));
}
