import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { LightMyRequestResponse } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ModelResource } from '../../../src/spec/resource/model.ts';
import { OPERATOR_KEY, ROWS, TestApi } from '../../api-server.ts';
import { type FormPart, formOf, importForm } from '../../form.ts';
import { smallModel } from '../../small-model.ts';
import { zipOf } from '../../zip.ts';

let api: TestApi;

beforeAll(async () => {
  api = await TestApi.start({ TRAINYARD_MAX_UPLOAD_BYTES: '200000' });
});
afterAll(() => api.stop());

interface Asked {
  files?: Record<string, Uint8Array>;
  fields?: Record<string, string>;
  headers?: Record<string, string>;
}

function importModel({ files = smallModel(), fields, headers }: Asked = {}): Promise<LightMyRequestResponse> {
  const form = importForm(files, fields);
  return send(form, headers);
}

function send(form: ReturnType<typeof formOf>, headers: Record<string, string> = {}) {
  const { payload, headers: own } = form;
  return api.request({ method: 'POST', url: '/v1/models', payload, headers: { ...own, ...headers } });
}

const fault = (response: LightMyRequestResponse) => {
  const { status, code, errors } = response.json();
  return { status, code, pointer: errors?.[0]?.pointer };
};

describe('an import', () => {
  it('is a model like others, that says where it is from', async () => {
    const fields = { name: 'small', classes: '["no", "yes"]', inputs: '["a", "b", "c"]' };
    const response = await importModel({ fields });
    expect(response.statusCode, response.body).toBe(201);
    const model = response.json<ModelResource>();
    expect(response.headers.location).toBe(model.urls.self);
    expect(model).toMatchObject({
      name: 'small',
      version: 1,
      task: 'classification',
      inputs: ['a', 'b', 'c'],
      inputShape: [3],
      target: 'class',
      classes: ['no', 'yes'],
      parameters: 14,
      stochastic: true,
      lineage: {
        jobId: null,
        datasetId: null,
        imported: { format: 'tfjs', file: 'model.json' },
        stages: [],
        seed: null,
      },
      urls: { job: null },
    });
    expect((await api.get(model.urls.self)).json()).toEqual(model);
    expect((await api.get('/v1/models?name=small')).json().data).toEqual([model]);
    const lineage = (await api.get(`/v1/models/${model.id}/lineage`)).json().data;
    expect(lineage).toMatchObject([{ modelId: model.id, job: null, seed: null, parentDeleted: false }]);
    expect((await importModel({ fields })).json()).toMatchObject({ name: 'small', version: 2 });
  });

  it('is named by its file where nothing is said, and may come as a ZIP', async () => {
    const response = await importModel({ files: { 'my-net.zip': zipOf(smallModel()) } });
    expect(response.json()).toMatchObject({ name: 'my-net', lineage: { imported: { file: 'my-net.zip' } } });
  });

  it.each([
    ['nothing', '.json'],
    ['too long a name', `${'a'.repeat(101)}.json`],
  ])('wants a name where its file has %s', async (_, file) => {
    const { 'model.json': json, ...shards } = smallModel();
    const response = await importModel({ files: { [file]: json!, ...shards } });
    expect(fault(response)).toEqual({ status: 422, code: 'invalidModel', pointer: '/name' });
    expect(
      (await importModel({ files: { [file]: json!, ...shards }, fields: { name: 'said' } })).statusCode,
    ).toBe(201);
  });

  it('takes fields and shards in any order', async () => {
    const { 'model.json': json, ...shards } = smallModel();
    const parts = Object.entries(shards).map(([name, content]): FormPart => ['weights', name, content]);
    const response = await send(formOf(...parts.reverse(), ['model', 'model.json', json!], ['name', 'late']));
    expect(response.json()).toMatchObject({ name: 'late', task: 'classification' });
  });

  it('says plainly that its head suits no task', async () => {
    const topology = JSON.parse(smallModel()['model.json']!.toString());
    topology.modelTopology.config.layers[2].config.activation = 'relu';
    const files = { ...smallModel(), 'model.json': Buffer.from(JSON.stringify(topology)) };
    const model = (await importModel({ files })).json<ModelResource>();
    expect(model).toMatchObject({ task: null, target: null, classes: null });
  });

  it('with an idempotency key happens once', async () => {
    const headers = { 'idempotency-key': 'import-1' };
    const first = await importModel({ fields: { name: 'once' }, headers });
    const again = await importModel({ fields: { name: 'once' }, headers });
    expect(again.statusCode).toBe(201);
    expect(again.json()).toEqual(first.json());
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect((await api.get('/v1/models?name=once')).json().data).toHaveLength(1);
    const other = await importModel({ fields: { name: 'twice' }, headers });
    expect(fault(other)).toMatchObject({ status: 422, code: 'idempotencyMismatch' });
  });

  it('is another project’s business alone', async () => {
    const { urls } = (await importModel()).json<ModelResource>();
    const stranger = await api.createKey(['admin'], 'elsewhere');
    expect((await api.get(urls.self, stranger)).statusCode).toBe(404);
    expect((await api.request({ method: 'DELETE', url: urls.self }, stranger)).statusCode).toBe(404);
  });
});

describe('what is refused', () => {
  it.each([
    [
      'an unknown layer',
      { files: unknownLayer() },
      'invalidModel',
      '/model/modelTopology/config/layers/1/class_name',
    ],
    ['a missing shard', { files: without('shard2.bin') }, 'invalidModel', '/model/weightsManifest/0/paths/1'],
    ['too few classes', { fields: { classes: '["one"]' } }, 'invalidModel', '/classes'],
    ['a task that the head suits not', { fields: { task: 'regression' } }, 'invalidModel', '/task'],
    ['too few columns', { fields: { inputs: '["one"]' } }, 'invalidModel', '/inputs'],
    ['another shape', { fields: { inputShape: '[4]' } }, 'invalidModel', '/inputShape'],
  ])('%s', async (_, asked, code, pointer) => {
    expect(fault(await importModel(asked))).toEqual({ status: 422, code, pointer });
  });

  it.each([
    ['a field that there isn’t', { colour: 'red' }, '/colour'],
    ['a scaling that there isn’t', { input: 'halves' }, '/input'],
    ['two classes of one name', { classes: '["a", "a"]' }, '/classes'],
    ['a list that is no JSON', { classes: 'a, b' }, undefined],
  ])('%s', async (_, fields, pointer) => {
    expect(fault(await importModel({ fields }))).toEqual({ status: 400, code: 'invalidRequest', pointer });
  });

  it('a form without a model, or with two', async () => {
    const { 'model.json': json, ...shards } = smallModel();
    const [[name, shard]] = Object.entries(shards) as [[string, Buffer]];
    expect(fault(await send(formOf(['weights', name, shard])))).toMatchObject({ pointer: '/model' });
    const two = formOf(['model', 'a.json', json!], ['model', 'b.json', json!]);
    expect(fault(await send(two))).toMatchObject({ status: 422, pointer: '/model' });
    const twice = formOf(['model', 'a.json', json!], ['weights', name, shard], ['weights', name, shard]);
    expect(fault(await send(twice))).toMatchObject({ status: 422, pointer: '/weights' });
    expect(fault(await send(formOf(['other', 'a.json', json!])))).toMatchObject({ status: 400 });
  });

  it('what is no form', async () => {
    const response = await api.post('/v1/models', { model: {} });
    expect(fault(response)).toMatchObject({ status: 415, code: 'unsupportedMediaType' });
  });

  it('too many bytes, as sent and unpacked', async () => {
    const sent = await importModel({ files: { ...smallModel(), 'more.bin': Buffer.alloc(300_000, 1) } });
    expect(fault(sent)).toMatchObject({ status: 413, code: 'tooLarge' });
    const packed = zipOf({ ...smallModel(), 'more.bin': Buffer.alloc(300_000) });
    expect(packed.length).toBeLessThan(5_000);
    expect(fault(await importModel({ files: { 'a.zip': packed } }))).toMatchObject({ status: 413 });
  });

  it('and leaves nothing behind', async () => {
    const before = await api.blobs();
    const url = await api.listen();
    const broken = new AbortController();
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(importForm(smallModel()).payload.subarray(0, 600));
        setTimeout(() => broken.abort(), 200);
      },
    });
    const sending = fetch(`${url}/v1/models`, {
      method: 'POST',
      headers: { ...importForm(smallModel()).headers, authorization: `Bearer ${OPERATOR_KEY}` },
      body,
      duplex: 'half',
      signal: broken.signal,
    } as RequestInit);
    await expect(sending).rejects.toThrow();
    expect((await importModel({ files: unknownLayer() })).statusCode).toBe(422);
    expect(await api.blobs()).toEqual(before);
    expect(await readdir(join(api.home, 'imports'))).toEqual([]);
  });
});

describe('deleting a model', () => {
  const remove = (url: string) => api.request({ method: 'DELETE', url });

  it('takes its content away, unless another model has the same', async () => {
    const before = await api.blobs();
    const files = smallModel(0.25);
    const [first, second] = [await importModel({ files }), await importModel({ files })].map((response) =>
      response.json<ModelResource>(),
    );
    expect(await api.blobs()).toHaveLength(before.length + 1);
    expect((await remove(first!.urls.self)).statusCode).toBe(204);
    expect((await api.get(first!.urls.self)).statusCode).toBe(404);
    expect(await api.blobs()).toHaveLength(before.length + 1);
    expect((await remove(second!.urls.self)).statusCode).toBe(204);
    expect((await api.blobs()).sort()).toEqual(before.sort());
    expect(fault(await remove(second!.urls.self))).toMatchObject({ status: 404 });
  });

  it('is refused while a job that begins with it hasn’t ended', async () => {
    const fields = { inputs: '["x", "y", "z"]' };
    const { id, urls } = (await importModel({ fields })).json<ModelResource>();
    const rows = ROWS.replaceAll(/(?<=\d),(\w+)$/gm, ',1,$1').replace('x,y,kind', 'x,y,z,kind');
    const dataset = await api.createDataset(rows);
    const posted = await api.post('/v1/jobs', {
      data: { dataset: dataset.id, target: 'kind', inputs: ['x', 'y', 'z'] },
      model: { from: { model: id } },
      stages: [{ epochs: 1, trainable: 'new' }],
    });
    expect(posted.statusCode, posted.body).toBe(202);
    expect(fault(await remove(urls.self))).toMatchObject({ status: 409, code: 'modelInUse' });
    expect((await api.post(`${posted.json().urls.self}/cancel`, {})).statusCode).toBe(202);
    expect((await remove(urls.self)).statusCode).toBe(204);
  });
});

function unknownLayer(): Record<string, Buffer> {
  const { 'model.json': json, ...shards } = smallModel();
  return { 'model.json': Buffer.from(json!.toString().replace('"Dropout"', '"Attention"')), ...shards };
}

function without(name: string): Record<string, Buffer> {
  return Object.fromEntries(Object.entries(smallModel()).filter(([file]) => file !== name));
}
