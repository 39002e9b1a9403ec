import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatasetResource } from '../../../src/spec/resource/dataset.ts';
import type { JobResource } from '../../../src/spec/resource/job.ts';
import type { Problem } from '../../../src/spec/resource/problem.ts';
import type { ValidationResource } from '../../../src/spec/resource/validation.ts';
import { jobSpec, TestApi } from '../../api-server.ts';
import { sequential } from '../../unit/spec/topology-fixture.ts';

let api: TestApi;
let dataset: DatasetResource;

beforeAll(async () => {
  api = await TestApi.start();
  dataset = await api.createDataset();
});
afterAll(() => api.stop());

function spec(overrides: object = {}): object {
  return { ...jobSpec(dataset.id), ...overrides };
}

function layers(...list: object[]): object {
  return spec({ model: { layers: list } });
}

function topology(...list: { class_name: string; config?: object }[]): object {
  return spec({ model: { topology: sequential(...list) } });
}

describe('creating a job', () => {
  it('answers 202 with the job, where it is, and when to ask again', async () => {
    const response = await api.post('/v1/jobs', spec({ name: 'a line', labels: { team: 'lab' } }));
    expect(response.statusCode).toBe(202);
    const job = response.json<JobResource>();
    expect(response.headers).toMatchObject({ location: job.urls.self, 'retry-after': '1' });
    expect(job).toMatchObject({
      name: 'a line',
      status: 'queued',
      progress: 0,
      failure: null,
      modelId: null,
    });
    expect(job.spec).toMatchObject({ specVersion: 1, seed: 0, stages: [{ epochs: 2, batchSize: 32 }] });
    expect((await api.get(job.urls.self)).json()).toEqual(job);
    for (const url of Object.values(job.urls)) {
      if (url === null || /\/(cancel|pause|resume|retry)$/.test(url)) continue;
      expect((await api.get(url)).statusCode).toBe(200);
    }
  });

  it('twice with one idempotency key makes one, even at once', async () => {
    const request = () =>
      api.request({
        method: 'POST',
        url: '/v1/jobs',
        headers: { 'idempotency-key': 'once' },
        payload: spec({ name: 'once' }),
      });
    const answers = await Promise.all(Array.from({ length: 6 }, request));
    for (const answer of answers) expect([202, 409]).toContain(answer.statusCode);
    const again = await request();
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect((await api.get('/v1/jobs?name=once')).json().data).toHaveLength(1);
    const made = answers.filter(({ statusCode }) => statusCode === 202).map((answer) => answer.json().id);
    expect(new Set([...made, again.json().id]).size).toBe(1);

    const other = await api.request({
      method: 'POST',
      url: '/v1/jobs',
      headers: { 'idempotency-key': 'once' },
      payload: spec({ name: 'another' }),
    });
    expect(other.json()).toMatchObject({ status: 422, code: 'idempotencyMismatch' });
  });

  it('refuses an idempotency key that can’t be one', async () => {
    const headers = { 'idempotency-key': 'x'.repeat(300) };
    const response = await api.request({ method: 'POST', url: '/v1/jobs', headers, payload: spec() });
    expect(response.statusCode).toBe(400);
  });
});

describe('a bad spec', () => {
  const cases: [string, () => object, string, RegExp][] = [
    [
      'an unknown layer',
      () => layers({ type: 'dens', units: 3 }),
      '/model/layers/0/type',
      /one of dense, conv1d/,
    ],
    ['a layer without a type', () => layers({ units: 3 }), '/model/layers/0/type', /one of dense/],
    ['a negative rate', () => layers({ type: 'dropout', rate: -0.1 }), '/model/layers/0/rate', />=0/],
    ['an unknown field', () => spec({ epocs: 3 }), '/epocs', /Unknown field/],
    ['a field with a slash', () => spec({ 'a/b~c': 3 }), '/a~1b~0c', /Unknown field/],
    [
      'an unknown activation',
      () => layers({ type: 'dense', units: 3, activation: 'reloo' }),
      '/model/layers/0/activation',
      /one of linear, sigmoid/,
    ],
    [
      'a wrong parameter of one',
      () => layers({ type: 'dense', units: 3, activation: { type: 'elu', alpha: -1 } }),
      '/model/layers/0/activation/alpha',
      />0/,
    ],
    [
      'an unknown optimizer',
      () => spec({ stages: [{ epochs: 1, optimizer: { type: 'adum' } }] }),
      '/stages/0/optimizer/type',
      /one of sgd/,
    ],
    ['no stage', () => spec({ stages: [] }), '/stages', /./],
    ['a label that isn’t text', () => spec({ labels: { a: 1 } }), '/labels/a', /string/],
    [
      'a target that is missing',
      () => spec({ data: { dataset: dataset.id, target: 'z' } }),
      '/data/target',
      /z/,
    ],
    [
      'an input that is missing',
      () => spec({ data: { dataset: dataset.id, target: 'y', inputs: ['x', 'q'] } }),
      '/data/inputs/1',
      /q/,
    ],
    [
      'an unknown data set',
      () => spec({ data: { dataset: `ds_${'0'.repeat(26)}`, target: 'y' } }),
      '/data/dataset',
      /no data set/,
    ],
    [
      'an impossible chain of shapes',
      () => layers({ type: 'dense', units: 3 }, { type: 'conv2d', filters: 2, kernelSize: 3 }),
      '/model/layers/1',
      /conv2d/,
    ],
    ['neither layers nor a topology', () => spec({ model: {} }), '/model/layers', /topology/],
    ['a topology that is none', () => spec({ model: { topology: 'x' } }), '/model/topology', /record|object/],
    [
      'a topology with an option that there isn’t',
      () => topology({ class_name: 'Conv1D', config: { filters: 2, kernel_size: 2, dilation_rate: 2 } }),
      '/model/topology/config/layers/0/config/dilation_rate',
      /dilated/,
    ],
    [
      'a topology of an unknown class',
      () => topology({ class_name: 'Lambda' }),
      '/model/topology/config/layers/0/class_name',
      /“Lambda”/,
    ],
    [
      'a topology whose output doesn’t suit the target',
      () => topology({ class_name: 'Dense', config: { units: 3 } }),
      '/model/topology/config/layers/0',
      /\[1\] with linear/,
    ],
  ];

  it.each(cases)('with %s is told where and why', async (_name, build, pointer, message) => {
    for (const url of ['/v1/jobs/validate', '/v1/jobs']) {
      const response = await api.post(url, build());
      expect(response.statusCode).toBe(422);
      const problem = response.json<Problem>();
      expect(problem.code).toBe('invalidSpec');
      const fault = problem.errors?.find((error) => error.pointer === pointer);
      expect(fault, JSON.stringify(problem)).toBeDefined();
      expect(fault?.message).toMatch(message);
      expect(problem.detail).toContain(problem.errors![0]!.message);
    }
  });

  it('of one class only is refused', async () => {
    const { id } = await api.createDataset(`x,kind\n${'1,a\n2,a\n'.repeat(10)}`);
    const response = await api.post(
      '/v1/jobs',
      spec({ data: { dataset: id, target: 'kind', inputs: ['x'] } }),
    );
    expect(response.statusCode).toBe(422);
    expect(response.json().errors[0].pointer).toBe('/data/target');
  });

  it('tells every fault at once', async () => {
    const response = await api.post('/v1/jobs', spec({ zip: 1, stages: [{ epochs: 0 }], retries: 99 }));
    const pointers = response.json<Problem>().errors!.map(({ pointer }) => pointer);
    expect(pointers.sort()).toEqual(['/retries', '/stages/0/epochs', '/zip']);
  });
});

describe('a body that can’t be read', () => {
  const json = { 'content-type': 'application/json' };
  it.each([
    ['malformed JSON', '{"a": 1,\n "b": }', json, 400, /position 15 \(line 2, column 7\)/],
    ['nothing', '', json, 400, /empty/],
    ['JSON that ends early', '{"a": [1, 2', json, 400, /position 11/],
    ['a prototype', '{"__proto__": {"admin": true}}', json, 400, /prototype/],
    ['a constructor', '{"constructor": {"prototype": {"admin": true}}}', json, 400, /prototype/],
    ['deep nesting', `{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`, json, 400, /deeper than 64/],
    ['the character U+0000', JSON.stringify({ name: 'a\0b' }), json, 400, /U\+0000/],
    ['half a character', '{"labels": {"\\ud800": "a"}}', json, 400, /half a character/],
    ['the other half', '{"labels": {"a": "b\\uDC00"}}', json, 400, /half a character/],
    ['a whole character in halves', '{"zip": "\\ud83d\\ude00 \\\\ud800"}', json, 422, /data/],
    ['text', 'hello', { 'content-type': 'text/plain' }, 415, /./],
    ['a form', 'a=1', { 'content-type': 'application/x-www-form-urlencoded' }, 415, /./],
    ['an unknown type', 'a', {}, 415, /./],
    ['more than 5 MB', `"${'x'.repeat(5_300_000)}"`, json, 413, /large/],
  ] as [string, string, Record<string, string>, number, RegExp][])(
    '%s',
    async (_name, payload, headers, status, detail) => {
      const response = await api.request({ method: 'POST', url: '/v1/jobs', headers, payload });
      expect(response.headers['content-type']).toBe('application/problem+json');
      expect(response.json<Problem>().detail).toMatch(detail);
      expect(response.statusCode).toBe(status);
    },
  );

  it('a name or label that the database can’t hold is the caller’s fault', async () => {
    for (const overrides of [{ name: 'a\0b' }, { labels: { team: 'a\0b' } }]) {
      expect((await api.post('/v1/jobs', spec(overrides))).statusCode).toBe(400);
    }
  });
});

describe('validating', () => {
  it('tells layers, parameters and warnings, and makes nothing', async () => {
    const before = (await api.get('/v1/jobs?limit=200')).json().data.length;
    const response = await api.post(
      '/v1/jobs/validate',
      layers(
        { type: 'dense', units: 4, activation: 'selu', initializer: 'heNormal' },
        { type: 'dropout', rate: 0.5 },
      ),
    );
    expect(response.statusCode).toBe(200);
    const validation = response.json<ValidationResource>();
    expect(validation.task).toBe('regression');
    expect(
      validation.layers.map(({ type, outputShape, parameters }) => [type, outputShape, parameters]),
    ).toEqual([
      ['dense', [4], 8],
      ['dropout', [4], 0],
      ['dense', [1], 5],
    ]);
    expect(validation.layers.every(({ reused }) => !reused)).toBe(true);
    expect(validation.generator).toBeNull();
    expect(validation.parameters).toBe(13);
    expect(validation.memoryBytes).toBeGreaterThan(0);
    expect(validation.warnings.map(({ pointer }) => pointer)).toContain('/model/layers/0');
    expect((await api.get('/v1/jobs?limit=200')).json().data).toHaveLength(before);
  });
});

describe('a topology', () => {
  it('is validated as layers are, and kept as it was sent', async () => {
    const sent = topology(
      { class_name: 'Dense', config: { units: 4, activation: 'relu', batch_input_shape: [null, 1] } },
      { class_name: 'Dense', config: { units: 1 } },
    ) as { model: object };
    const validation = (await api.post('/v1/jobs/validate', sent)).json<ValidationResource>();
    expect(validation.layers.map(({ name, parameters }) => [name, parameters])).toEqual([
      ['layer_0', 8],
      ['layer_1', 5],
    ]);
    const job = (await api.post('/v1/jobs', sent)).json<JobResource>();
    expect((await api.get(job.urls.self)).json().spec.model).toEqual(sent.model);
  });
});

describe('reading jobs', () => {
  it('lists by status, name and label, page by page', async () => {
    const names = ['p1', 'p2', 'p3'];
    for (const name of names) await api.createJob({ name, labels: { list: 'yes', name } });
    const seen: (string | null)[] = [];
    let url = '/v1/jobs?label=list:yes&limit=2';
    for (let page = (await api.get(url)).json(); ; page = (await api.get(url)).json()) {
      seen.push(...page.data.map(({ name }: JobResource) => name));
      if (page.nextCursor === null) break;
      url = `/v1/jobs?label=list:yes&limit=2&cursor=${page.nextCursor}`;
    }
    expect(seen).toEqual(names);
    const count = async (query: string) => (await api.get(`/v1/jobs?${query}`)).json().data.length;
    expect(await count('label=name:p2')).toBe(1);
    expect(await count('name=p3&status=queued')).toBe(1);
    expect(await count('name=p3&status=failed')).toBe(0);
    expect((await api.get('/v1/jobs?label=list')).statusCode).toBe(400);
  });

  it('answers 304 until something has changed', async () => {
    const job = await api.createJob();
    const get = (etag: string) =>
      api.request({ method: 'GET', url: job.urls.self, headers: { 'if-none-match': etag } });
    const first = await get('"something else"');
    expect(first.statusCode).toBe(200);
    const etag = String(first.headers.etag);
    for (const held of [etag, `"x", ${etag}`, '*', etag.replace('W/', '')]) {
      const same = await get(held);
      expect([same.statusCode, same.body]).toEqual([304, '']);
    }
    await api.post(job.urls.cancel, {});
    const changed = await get(etag);
    expect(changed.statusCode).toBe(200);
    expect(changed.headers.etag).not.toBe(etag);
    expect(changed.json().status).toBe('cancelled');
  });

  it('cancels once', async () => {
    const job = await api.createJob();
    const cancel = () => api.request({ method: 'POST', url: job.urls.cancel });
    const response = await cancel();
    expect(response.statusCode).toBe(202);
    expect(response.json()).toMatchObject({ id: job.id, status: 'cancelled' });
    expect((await cancel()).json()).toMatchObject({ status: 409, code: 'conflict' });
    expect((await api.post('/v1/jobs/job_none/cancel', {})).statusCode).toBe(404);
  });

  it('reads curves, with the numbers that JSON lacks as strings', async () => {
    const job = await api.createJob();
    const { store } = api.context;
    const run = await startRun(job.id);
    const values = [1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0.5];
    const points = values.map((value, i) => ({ name: 'loss', stage: 1, epoch: 1, step: i + 1, value }));
    expect(await store.metrics.write(job.id, run, 1, points)).toBe(true);
    const all = (await api.get(`${job.urls.metrics}?name=loss&stage=1`)).json();
    expect(all.data.map(({ value }: { value: unknown }) => value)).toEqual([
      1,
      'NaN',
      'Infinity',
      '-Infinity',
      0.5,
    ]);
    expect(all.data[0]).toEqual({ name: 'loss', stage: 1, epoch: 1, step: 1, value: 1, runId: run });
    const thin = (await api.get(`${job.urls.metrics}?maxPoints=2`)).json();
    expect(thin.data.length).toBeLessThanOrEqual(2);
    expect(thin.data.at(-1).step).toBe(5);
    expect((await api.get(job.urls.runs)).json().data).toMatchObject([{ id: run, status: 'running' }]);
  });
});

/** A run as a worker begins it, without one. */
async function startRun(jobId: string): Promise<string> {
  const { store } = api.context;
  const id = `run_${jobId.slice(4)}`;
  const now = new Date();
  await store.transaction(async (inside) => {
    await inside.jobs.lock(jobId);
    await inside.jobs.setStatus(jobId, 'running', { fence: 1, startedAt: now });
    await inside.runs.insert({
      id,
      jobId,
      attempt: 1,
      fence: 1,
      status: 'running',
      workerId: 'wrk_test',
      device: null,
      resumedFromStep: null,
      failure: null,
      heartbeatAt: now,
      startedAt: now,
      finishedAt: null,
    });
  });
  return id;
}
