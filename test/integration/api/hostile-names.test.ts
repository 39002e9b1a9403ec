import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DatasetResource } from '../../../src/spec/resource/dataset.ts';
import type { ModelResource } from '../../../src/spec/resource/model.ts';
import { jobSpec, TestApi } from '../../api-server.ts';
import { formOf, importForm } from '../../form.ts';
import { smallModel } from '../../small-model.ts';

/** Names are only ever names: never a path, nor a way to what objects inherit. */

const INHERITED = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
const PATHS = [
  '../../../../tmp/escaped',
  '/tmp/escaped',
  '..\\..\\escaped',
  'a/../../escaped',
  '%2e%2e%2fescaped',
];

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

it('columns may be named as what objects inherit', async () => {
  const rows = Array.from({ length: 40 }, (_, i) => INHERITED.map((_, j) => i * (j + 1)));
  const csv = [INHERITED, ...rows].map((row) => row.join(',')).join('\n');
  const jsonl = rows.map((row) => `{${INHERITED.map((name, j) => `"${name}": ${row[j]}`)}}`).join('\n');
  for (const [type, payload] of [
    ['text/csv', csv],
    ['application/x-ndjson', jsonl],
  ] as const) {
    const headers = { 'content-type': type };
    const response = await api.request({ method: 'POST', url: '/v1/datasets?name=a', headers, payload });
    const dataset = response.json<DatasetResource>();
    expect(dataset.columns.map(({ name }) => name)).toEqual(INHERITED);
    const [, second] = JSON.parse((await api.get(`${dataset.urls.preview}?limit=2`)).body).data;
    expect(Object.entries(second).map(([name, value]) => [name, Number(value)])).toEqual(
      INHERITED.map((name, j) => [name, j + 1]),
    );
    for (const target of INHERITED) {
      const inputs = INHERITED.filter((name) => name !== target);
      const spec = { ...jobSpec(dataset.id), data: { dataset: dataset.id, target, inputs } };
      expect((await api.post('/v1/jobs/validate', spec)).statusCode).toBe(200);
      expect((await api.post('/v1/jobs', spec)).statusCode).toBe(202);
    }
  }
});

it('a column that isn’t there isn’t found among what objects inherit', async () => {
  const { id } = await api.createDataset();
  for (const name of INHERITED) {
    const spec = { ...jobSpec(id), data: { dataset: id, target: name, inputs: ['x'] } };
    const response = await api.post('/v1/jobs/validate', spec);
    expect(response.json()).toMatchObject({ status: 422, errors: [{ pointer: '/data/target' }] });
  }
});

it('no name of a file or a data set leads out of where files are kept', async () => {
  const before = await readdir('/tmp').then((names) => names.filter((name) => name.includes('escaped')));
  for (const name of PATHS) {
    const form = formOf(['name', name], ['file', `${name}.csv`, Buffer.from(`x,y\n1,${name.length}\n2,3\n`)]);
    const dataset = await api.request({ method: 'POST', url: '/v1/datasets', ...form });
    expect(dataset.statusCode).toBe(201);
    expect(dataset.json().name).toBe(name);
    const files = { [`${name}.json`]: smallModel()['model.json']!, ...shards() };
    const model = await api.request({ method: 'POST', url: '/v1/models', ...importForm(files, { name }) });
    expect(model.json<ModelResource>().name).toBe(name);
    const address = `/v1/jobs/${(await api.createJob()).id}/artifacts/${encodeURIComponent(name)}`;
    expect((await api.get(address)).statusCode).toBe(404);
  }
  expect((await api.blobs()).every((blob) => /^[0-9a-f]{64}$/.test(blob))).toBe(true);
  expect((await readdir(api.home)).sort()).toEqual(['blobs', 'imports']);
  expect(await readdir('/tmp').then((names) => names.filter((name) => name.includes('escaped')))).toEqual(
    before,
  );
});

it('a shard is found by its name alone, and never beside the form', async () => {
  const { 'model.json': json, ...others } = smallModel();
  const text = json!.toString().replace('shard1.bin', '../../../../etc/hostname');
  const form = importForm({ 'model.json': Buffer.from(text), ...others });
  const response = await api.request({ method: 'POST', url: '/v1/models', ...form });
  expect(response.json()).toMatchObject({ status: 422, code: 'invalidModel' });
  expect(response.json().errors[0].message).toMatch(/no part “weights” whose file is named “hostname”/);
});

function shards(): Record<string, Buffer> {
  const { 'model.json': _, ...others } = smallModel();
  return others;
}
