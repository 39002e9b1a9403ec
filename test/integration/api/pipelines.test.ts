import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatasetResource } from '../../../src/spec/resource/dataset.ts';
import type { PipelineResource, PipelineValidationResource } from '../../../src/spec/resource/pipeline.ts';
import type { Problem } from '../../../src/spec/resource/problem.ts';
import { jobSpec, pipelineSpec, TestApi } from '../../api-server.ts';

let api: TestApi;
let dataset: DatasetResource;

beforeAll(async () => {
  api = await TestApi.start();
  dataset = await api.createDataset();
});
afterAll(() => api.stop());

const [base, top] = [
  () => pipelineSpec(dataset.id).jobs[0]!,
  (change: object = {}) => ({ ...pipelineSpec(dataset.id).jobs[1]!, ...change }),
];

async function create(spec: object = pipelineSpec(dataset.id)): Promise<PipelineResource> {
  const response = await api.post('/v1/pipelines', spec);
  expect(response.statusCode, response.body).toBe(202);
  return response.json<PipelineResource>();
}

const statuses = ({ jobs }: PipelineResource) => jobs.map(({ status }) => status);
const events = async ({ jobs }: PipelineResource, i: number) =>
  (await api.get(jobs[i]!.urls.events)).json().data.map(({ data }: { data: object }) => data);

describe('creating a pipeline', () => {
  it('answers 202 with its jobs in their order, the first queued and the others waiting', async () => {
    const jobs = [base(), top(), top({ name: 'higher', model: { from: { job: 'top' }, layers: [] } })];
    const response = await api.post('/v1/pipelines', { name: 'chain', labels: { team: 'lab' }, jobs });
    const pipeline = response.json<PipelineResource>();
    expect(response.headers).toMatchObject({ location: pipeline.urls.self, 'retry-after': '1' });
    expect(pipeline).toMatchObject({ name: 'chain', labels: { team: 'lab' }, status: 'queued', progress: 0 });
    const [first, second, third] = pipeline.jobs as [
      PipelineResource['jobs'][number],
      PipelineResource['jobs'][number],
      PipelineResource['jobs'][number],
    ];
    expect(pipeline.jobs.map(({ name }) => name)).toEqual(['base', 'top', 'higher']);
    expect(first).toMatchObject({ status: 'queued', waitsFor: null, pipelineId: pipeline.id });
    expect(second).toMatchObject({
      status: 'waiting',
      statusDetail: 'waiting for the job “base”',
      waitsFor: first.id,
      parentModelId: null,
    });
    expect(third.waitsFor).toBe(second.id);
    expect((await api.get(pipeline.urls.self)).json()).toEqual(pipeline);
    expect(await events(pipeline, 1)).toEqual([
      { from: null, to: 'waiting', attempt: 1, reason: 'created, waiting for the job “base”' },
    ]);

    const job = (await api.get(second.urls.self)).json();
    expect(job.spec.model.from).toEqual({ job: 'base', layers: 'all' });
    expect(job.urls.pipeline).toBe(pipeline.urls.self);
    const waiting = (await api.get('/v1/jobs?status=waiting&name=higher')).json();
    expect(waiting.data.map(({ id }: { id: string }) => id)).toEqual([third.id]);
  });

  it('sends only what doesn’t wait to the queue', async () => {
    const told: string[] = [];
    const consumer = api.context.queue.consume(async ({ jobId }) => void told.push(jobId));
    const pipeline = await create();
    const last = (await api.post('/v1/jobs', jobSpec(dataset.id))).json();
    await expect.poll(() => told, { timeout: 10_000 }).toContain(last.id);
    await consumer.close();
    expect(told).toContain(pipeline.jobs[0]!.id);
    expect(told).not.toContain(pipeline.jobs[1]!.id);
  });

  it('twice with one idempotency key makes one', async () => {
    const request = (name: string) =>
      api.request({
        method: 'POST',
        url: '/v1/pipelines',
        headers: { 'idempotency-key': 'once' },
        payload: { ...pipelineSpec(dataset.id), name },
      });
    const [first, again] = [await request('once'), await request('once')];
    expect(again.json()).toEqual(first.json());
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect((await api.get('/v1/pipelines?name=once')).json().data).toHaveLength(1);
    expect((await request('other')).json()).toMatchObject({ status: 422, code: 'idempotencyMismatch' });
  });

  it('is all or nothing', async () => {
    const count = async () => (await api.get('/v1/jobs?limit=200')).json().data.length;
    const before = await count();
    const jobs = [base(), top({ model: { from: { job: 'base', layers: 9 } } })];
    expect((await api.post('/v1/pipelines', { jobs })).statusCode).toBe(422);
    expect(await count()).toBe(before);
  });
});

describe('a bad pipeline', () => {
  const above = (from: object, change: object = {}) => ({
    jobs: [base(), top({ model: { from, layers: [] }, ...change })],
  });
  const searching = () => ({
    ...base(),
    stages: [{ epochs: 1, schedule: { type: 'lrFinder', minLearningRate: 1e-5, maxLearningRate: 1 } }],
  });
  it.each([
    [
      'more layers than the job below will have',
      () => above({ job: 'base', layers: 3 }),
      '/jobs/1/model/from/layers',
      /the model has 2 layers/,
    ],
    [
      'a layer that it won’t have',
      () => above({ job: 'base', layers: { upTo: 'nowhere' } }),
      '/jobs/1/model/from/layers',
      /no layer named “nowhere”/,
    ],
    [
      'inputs that its layers don’t take',
      () => above({ job: 'base' }, { data: { dataset: dataset.id, target: 'x', inputs: ['y'] } }),
      '/jobs/1/model/from/job',
      /takes “x” \(number\), and the inputs are “y”/,
    ],
    ['a job that isn’t there', () => above({ job: 'b' }), '/jobs/1/model/from/job', /no earlier job .* “b”/],
    [
      'a job that comes later',
      () => ({ jobs: [top(), base()] }),
      '/jobs/0/model/from/job',
      /no earlier job .* “base”/,
    ],
    [
      'itself',
      () => ({ jobs: [base(), top({ name: 'own', model: { from: { job: 'own' } } })] }),
      '/jobs/1/model/from/job',
      /no earlier/,
    ],
    [
      'a model that isn’t there',
      () => above({ model: `mdl_${'0'.repeat(26)}` }),
      '/jobs/1/model/from/model',
      /no model/,
    ],
    [
      'a job that only searches',
      () => ({ jobs: [searching(), top()] }),
      '/jobs/1/model/from/job',
      /“base” only searches/,
    ],
    ['two of one name', () => ({ jobs: [base(), base()] }), '/jobs/1/name', /“base” too/],
    ['a job without a name', () => ({ jobs: [base(), top({ name: undefined })] }), '/jobs/1/name', /./],
    ['one job', () => ({ jobs: [base()] }), '/jobs', /2/],
    [
      'an unknown data set',
      () => ({ jobs: [base(), top({ data: { dataset: `ds_${'0'.repeat(26)}`, target: 'y' } })] }),
      '/jobs/1/data/dataset',
      /no data set/,
    ],
    ['both a model and a job', () => above({ job: 'base', model: 'mdl_' }), '/jobs/1/model/from/model', /./],
  ] as [string, () => object, string, RegExp][])(
    'with %s is told where',
    async (_name, build, pointer, message) => {
      for (const url of ['/v1/pipelines/validate', '/v1/pipelines']) {
        const response = await api.post(url, build());
        expect(response.statusCode).toBe(422);
        const problem = response.json<Problem>();
        expect(problem.code).toBe('invalidSpec');
        const fault = problem.errors?.find((error) => error.pointer === pointer);
        expect(fault, JSON.stringify(problem)).toBeDefined();
        expect(fault?.message).toMatch(message);
      }
    },
  );

  it('is told of the faults of all its jobs, but of none that only follow from another’s', async () => {
    const faulty = { ...base(), data: { ...base().data, target: 'z' } };
    const alone = { ...base(), name: 'alone', data: { ...base().data, target: 'q' } };
    const response = await api.post('/v1/pipelines', { jobs: [faulty, top(), alone] });
    const pointers = response.json<Problem>().errors!.map(({ pointer }) => pointer);
    expect(pointers).toEqual(['/jobs/0/data/target', '/jobs/2/data/target']);
  });

  it('a job that stands alone can’t build on another job', async () => {
    for (const url of ['/v1/jobs', '/v1/jobs/validate']) {
      const response = await api.post(url, top());
      expect(response.json<Problem>().errors).toEqual([
        { pointer: '/model/from/job', message: expect.stringContaining('only in a pipeline') },
      ]);
    }
  });
});

describe('validating a pipeline', () => {
  it('tells what each job would be, with what it takes over, and makes nothing', async () => {
    const before = (await api.get('/v1/pipelines?limit=200')).json().data.length;
    const jobs = [base(), top({ stages: [{ epochs: 1 }] })];
    const validation = (
      await api.post('/v1/pipelines/validate', { jobs })
    ).json<PipelineValidationResource>();
    expect(validation.jobs.map(({ name, layers }) => [name, layers.map((layer) => layer.name)])).toEqual([
      ['base', ['dense_1', 'output']],
      ['top', ['dense_1', 'new', 'output']],
    ]);
    const warnings = validation.jobs[1]!.warnings.map(({ code, pointer }) => [code, pointer]);
    expect(warnings).toContainEqual(['unfrozenAtOnce', '/jobs/1/stages/0/trainable']);
    expect((await api.get('/v1/pipelines?limit=200')).json().data).toHaveLength(before);
  });
});

describe('cancelling', () => {
  it('a pipeline ends every job that hasn’t ended, each by request, and only once', async () => {
    const pipeline = await create();
    const etag = String((await api.get(pipeline.urls.self)).headers.etag);
    const held = { method: 'GET', url: pipeline.urls.self, headers: { 'if-none-match': etag } } as const;
    expect((await api.request(held)).statusCode).toBe(304);
    const response = await api.post(pipeline.urls.cancel, {});
    expect(response.statusCode).toBe(202);
    const cancelled = response.json<PipelineResource>();
    expect(cancelled.status).toBe('cancelled');
    expect(cancelled.finishedAt).not.toBeNull();
    expect(statuses(cancelled)).toEqual(['cancelled', 'cancelled']);
    expect((await api.request(held)).statusCode).toBe(200);
    expect((await events(cancelled, 1)).at(-1)).toMatchObject({ reason: 'cancelled by request' });
    expect((await api.post(pipeline.urls.cancel, {})).json()).toMatchObject({
      status: 409,
      code: 'conflict',
    });
    expect((await api.post('/v1/pipelines/pipe_none/cancel', {})).statusCode).toBe(404);
  });

  it('a job ends what waits for it, and a waiting one leaves what it waits for', async () => {
    const [whole, half] = [await create(), await create()];
    await api.post(whole.jobs[0]!.urls.cancel, {});
    const ended = (await api.get(whole.urls.self)).json<PipelineResource>();
    expect(statuses(ended)).toEqual(['cancelled', 'cancelled']);
    expect((await events(ended, 1)).at(-1)).toEqual({
      from: 'waiting',
      to: 'cancelled',
      attempt: 1,
      reason: 'the job “base”, whose model it waited for, was cancelled',
    });
    await api.post(half.jobs[1]!.urls.cancel, {});
    expect(statuses((await api.get(half.urls.self)).json())).toEqual(['queued', 'cancelled']);
  });

  it('many at once, of the pipeline and of its jobs, end it without a deadlock', async () => {
    const jobs = [
      base(),
      ...['a', 'b', 'c', 'd'].map((name) => top({ name })),
      ...['a', 'b', 'c', 'd'].map((job) => top({ name: `${job}2`, model: { from: { job }, layers: [] } })),
    ];
    for (let round = 0; round < 5; round++) {
      const pipeline = await create({ jobs });
      const urls = [...pipeline.jobs.map(({ urls }) => urls.cancel).reverse(), pipeline.urls.cancel];
      const answers = await Promise.all(urls.map((url) => api.post(url, {})));
      for (const { statusCode } of answers) expect([202, 409]).toContain(statusCode);
      expect((await api.get(pipeline.urls.self)).json().status).toBe('cancelled');
    }
  });
});

it('a data set that only a waiting job needs can’t be deleted', async () => {
  const other = await api.createDataset();
  const pipeline = await create({ jobs: [base(), top({ data: { ...top().data, dataset: other.id } })] });
  const remove = () => api.request({ method: 'DELETE', url: other.urls.self });
  expect((await remove()).json()).toMatchObject({ status: 409, code: 'datasetInUse' });
  await api.post(pipeline.urls.cancel, {});
  expect((await remove()).statusCode).toBe(204);
});

describe('comparing jobs', () => {
  const job = async (change: object) =>
    (await api.post('/v1/jobs', { ...jobSpec(dataset.id), ...change })).json();
  const compare = (...ids: string[]) => api.get(`/v1/jobs/compare?ids=${ids.join(',')}`);

  it('tells what differs, the first job’s beside the others’', async () => {
    const [a, b] = [await job({ name: 'a' }), await job({ name: 'a', seed: 7, stages: [{ epochs: 9 }] })];
    const response = await compare(a.id, b.id);
    expect(response.statusCode).toBe(200);
    const comparison = response.json();
    expect(comparison.spec).toEqual({
      '/seed': { [a.id]: 0, [b.id]: 7 },
      '/stages/0/epochs': { [a.id]: 2, [b.id]: 9 },
    });
    expect(comparison.metrics).toEqual({});
    expect(comparison.jobs).toEqual([
      {
        id: a.id,
        name: 'a',
        status: 'queued',
        seed: 0,
        datasetId: dataset.id,
        modelId: null,
        ancestors: [],
        deletedAncestor: null,
        pipelineId: null,
        runs: 0,
        device: null,
        durationSeconds: null,
        steps: 0,
      },
      expect.objectContaining({ id: b.id, seed: 7 }),
    ]);
  });

  it('names the job that isn’t there, and wants two to ten, each once', async () => {
    const { id } = await job({});
    const missing = await compare(id, 'job_none');
    expect(missing.json()).toMatchObject({ status: 404, code: 'notFound' });
    expect(missing.json().detail).toContain('“job_none”');
    for (const ids of [[id], [''], [id, id], Array.from({ length: 11 }, (_, i) => `job_${i}`)]) {
      const response = await compare(...ids);
      expect(response.statusCode).toBe(400);
      expect(response.json().detail).toContain('“ids”');
    }
    expect((await api.get('/v1/jobs/compare')).statusCode).toBe(400);
    const stranger = await api.createKey(['read'], 'elsewhere');
    expect((await api.get(`/v1/jobs/compare?ids=${id},${id}x`, stranger)).statusCode).toBe(404);
  });
});
