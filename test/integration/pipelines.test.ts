import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildApp } from '../../apps/api/app.ts';
import { decodeModel } from '../../src/engine/predict/trained-model.ts';
import type { PipelineResource } from '../../src/spec/resource/pipeline.ts';
import { SLOW_MODEL } from '../slow-model.ts';
import { TestService } from './service.ts';

/** Pipelines over HTTP, with a built worker and its real trainer. */

let service: TestService;
let app: FastifyInstance;
let worker: ChildProcess;
let projectId: string;
let datasetId: string;

beforeAll(async () => {
  service = await TestService.start();
  app = await buildApp(service.context);
  worker = await service.startWorker();
  ({ projectId, datasetId } = await service.upload('digits.csv'));
});
afterAll(async () => {
  await app.close();
  await service.stop();
});

const dense = (name: string) => ({ type: 'dense', name, units: 16, activation: 'relu' });
const adam = { type: 'adam', learningRate: 0.01 };
const digits = (classes: string[], rest: object = {}) => ({
  dataset: datasetId,
  target: 'digit',
  task: 'classification',
  classes,
  ...rest,
});

const pretrain = (change: object = {}) => ({
  name: 'pretrain',
  data: digits(['0', '1', '2', '3', '4']),
  model: { layers: [dense('low'), dense('high')] },
  stages: [{ epochs: 5, optimizer: adam }],
  ...change,
});
const transfer = (change: object = {}) => ({
  name: 'transfer',
  seed: 3,
  data: digits(['5', '6', '7', '8', '9'], { limitPerClass: 20 }),
  model: { from: { job: 'pretrain', layers: 1 }, layers: [dense('new')] },
  stages: [{ trainable: 'new', epochs: 20, optimizer: adam }],
  ...change,
});

async function create(...jobs: object[]): Promise<PipelineResource> {
  const response = await app.inject({ method: 'POST', url: '/v1/pipelines', payload: { jobs } });
  if (response.statusCode !== 202) throw new Error(response.body);
  return response.json();
}

const get = async (url: string) => (await app.inject(url)).json();

async function untilEnded({ jobs, urls }: PipelineResource): Promise<PipelineResource> {
  for (const { id } of jobs) await service.untilEnded(id);
  return get(urls.self);
}

async function statusEvents(job: PipelineResource['jobs'][number]): Promise<Record<string, unknown>[]> {
  const events = await service.context.store.events.list(job.id, 0, 1_000);
  return events.filter(({ type }) => type === 'status').map(({ data }) => data);
}

async function weightsOf(modelId: string) {
  const { blobKey } = (await service.context.store.models.get(modelId, projectId))!;
  return decodeModel(await readFile(await service.context.blobs.localPath(blobKey))).weights;
}

describe('a pretraining and a transfer as one pipeline', () => {
  it('run one after the other, and the second stands on what the first has learned', async () => {
    const pipeline = await untilEnded(await create(pretrain(), transfer()));
    expect(pipeline).toMatchObject({ status: 'succeeded', progress: 1 });
    const [below, above] = pipeline.jobs as [PipelineResource['jobs'][0], PipelineResource['jobs'][0]];
    expect(Date.parse(above.startedAt!)).toBeGreaterThanOrEqual(Date.parse(below.finishedAt!));
    expect([pipeline.startedAt, pipeline.finishedAt]).toEqual([below.startedAt, above.finishedAt]);
    expect(above).toMatchObject({ parentModelId: below.modelId, waitsFor: below.id });
    const moves = (await statusEvents(above)).map(({ from, to, reason }) => [from, to, reason]);
    expect(moves.slice(0, 2)).toEqual([
      [null, 'waiting', 'created, waiting for the job “pretrain”'],
      ['waiting', 'queued', `the job “pretrain” has made the model ${below.modelId}`],
    ]);

    const [parent, child] = [await weightsOf(below.modelId!), await weightsOf(above.modelId!)];
    expect(child['low/kernel']).toEqual(parent['low/kernel']);
    expect(Object.keys(child)).not.toContain('high/kernel');

    const lineage = await get(`/v1/models/${above.modelId}/lineage`);
    expect(lineage.data).toMatchObject([
      {
        modelId: above.modelId,
        parentModelId: below.modelId,
        job: { id: above.id, name: 'transfer', pipelineId: pipeline.id },
        dataset: { id: datasetId, name: 'digits.csv' },
        stages: [{ trainable: 'new', epochs: 20 }],
        seed: 3,
      },
      { modelId: below.modelId, parentModelId: null, job: { id: below.id, name: 'pretrain' }, seed: 0 },
    ]);
    const children = await get(`/v1/models?parent=${below.modelId}`);
    expect(children.data.map(({ id }: { id: string }) => id)).toEqual([above.modelId]);

    const comparison = await get(`/v1/jobs/compare?ids=${below.id},${above.id}`);
    expect(comparison.spec['/stages/0/epochs']).toEqual({ [below.id]: 5, [above.id]: 20 });
    expect(comparison.spec['/model/from/job']).toEqual({ [above.id]: 'pretrain' });
    const { values, deltas } = comparison.metrics.test_accuracy;
    expect(deltas[above.id]).toBeCloseTo(values[above.id] - values[below.id], 10);
    const [first, second] = comparison.jobs;
    expect([first.ancestors, second.ancestors]).toEqual([[], [below.modelId]]);
    expect(second).toMatchObject({ runs: 1, device: expect.stringMatching(/./), seed: 3 });
    expect(second.steps).toBeGreaterThanOrEqual(20);
    expect(second.durationSeconds).toBeGreaterThan(0);
  });

  it('ends as it would have, had the model been there before', async () => {
    const pipeline = await untilEnded(await create(pretrain(), transfer()));
    const [below, above] = pipeline.jobs as [PipelineResource['jobs'][0], PipelineResource['jobs'][0]];
    const spec = transfer({ model: { from: { model: below.modelId, layers: 1 }, layers: [dense('new')] } });
    const { id } = (await app.inject({ method: 'POST', url: '/v1/jobs', payload: spec })).json();
    const alone = await service.untilEnded(id);
    expect(await weightsOf(above.modelId!)).toEqual(await weightsOf(alone.modelId!));
  });
});

describe('a pipeline whose first job', () => {
  it('fails is told so all the way up, while what stands apart goes on', async () => {
    const diverging = pretrain({ stages: [{ epochs: 5, optimizer: { type: 'sgd', learningRate: 1e30 } }] });
    const higher = transfer({
      name: 'higher',
      model: { from: { job: 'transfer', layers: 1 }, layers: [dense('new')] },
    });
    const apart = pretrain({ name: 'apart', stages: [{ epochs: 1 }] });
    const pipeline = await untilEnded(await create(diverging, transfer(), higher, apart));
    expect(pipeline.status).toBe('failed');
    expect(pipeline.jobs.map(({ status, failure }) => [status, failure?.code])).toEqual([
      ['failed', 'diverged'],
      ['failed', 'dependencyFailed'],
      ['failed', 'dependencyFailed'],
      ['succeeded', undefined],
    ]);
    expect(pipeline.jobs[1]!.failure!.message).toBe('the job “pretrain”, whose model it waited for, failed');
    expect(pipeline.jobs[2]!.failure!.message).toBe('the job “transfer”, whose model it waited for, failed');
    expect(await service.context.store.runs.list(pipeline.jobs[1]!.id)).toEqual([]);
  });

  it('is cancelled while it runs ends with it', async () => {
    const pipeline = await create(pretrain({ stages: [{ epochs: 100_000 }] }), transfer());
    await service.until(pipeline.jobs[0]!.id, ({ step }) => (step ?? 0) > 10);
    const response = await app.inject({ method: 'POST', url: pipeline.jobs[0]!.urls.cancel });
    expect(response.json().status).toBe('cancelling');
    expect((await get(pipeline.urls.self)).jobs[1].status).toBe('waiting');
    const ended = await untilEnded(pipeline);
    expect(ended.status).toBe('cancelled');
    expect((await statusEvents(ended.jobs[1]!)).at(-1)).toMatchObject({
      to: 'cancelled',
      reason: 'the job “pretrain”, whose model it waited for, was cancelled',
    });
  });

  it('runs is cancelled as a whole', async () => {
    const pipeline = await create(pretrain({ stages: [{ epochs: 100_000 }] }), transfer());
    await service.until(pipeline.jobs[0]!.id, ({ step }) => (step ?? 0) > 10);
    const cancelling = (await app.inject({ method: 'POST', url: pipeline.urls.cancel })).json();
    expect(cancelling).toMatchObject({
      status: 'cancelling',
      jobs: [{ status: 'cancelling' }, { status: 'cancelled' }],
    });
    expect((await untilEnded(pipeline)).status).toBe('cancelled');
  });
});

describe('a worker that is killed between a job’s success and telling the queue of the next', () => {
  it('loses nothing: another finds the next one queued', async () => {
    const gate = await holdQueue();
    const pipeline = await create(pretrain({ model: SLOW_MODEL, stages: [{ epochs: 60 }] }), transfer());
    const [below, above] = pipeline.jobs as [PipelineResource['jobs'][0], PipelineResource['jobs'][0]];
    await service.until(below.id, ({ step }) => (step ?? 0) > 10);
    await gate.close();
    // Its success is committed, and its message to the queue hangs.
    await service.until(above.id, ({ status }) => status === 'queued');
    await gate.isWaitedFor();
    const exit = once(worker, 'exit');
    worker.kill('SIGKILL');
    await exit;
    await gate.openForOthers();
    // The message of the one that has ended is there still, and that of the next one isn’t.
    expect([await messagesOf(below.id), await messagesOf(above.id)]).toEqual([1, 0]);

    worker = await service.startWorker();
    const ended = await untilEnded(pipeline);
    expect(ended.status).toBe('succeeded');
    expect(ended.jobs[1]!.parentModelId).toBe(ended.jobs[0]!.modelId);
    expect(await service.context.store.runs.list(above.id)).toHaveLength(1);
  }, 90_000);
});

/** Lets nobody write to the queue’s table while it is closed. */
async function holdQueue() {
  const client = new pg.Client({ connectionString: service.context.config.databaseUrl });
  await client.connect();
  // Other databases of the server may have a table of the same number.
  const waiting = `SELECT pid FROM pg_locks WHERE NOT granted AND relation = 'bullmq.job'::regclass
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
  const countWaiting = async () => (await client.query(waiting)).rowCount;
  return {
    async close() {
      await client.query('BEGIN; LOCK TABLE bullmq.job IN SHARE MODE');
    },
    isWaitedFor: () => expect.poll(countWaiting).toBeGreaterThan(0),
    /** What is being written is given up: whoever wrote it is dead. */
    async openForOthers() {
      await client.query(`SELECT pg_terminate_backend(pid) FROM (${waiting}) AS writer`);
      await expect.poll(countWaiting).toBe(0);
      await client.query('COMMIT');
      await client.end();
    },
  };
}

async function messagesOf(jobId: string): Promise<number> {
  const client = new pg.Client({ connectionString: service.context.config.databaseUrl });
  await client.connect();
  const { rows } = await client.query('SELECT id FROM bullmq.job WHERE id = $1', [`${jobId}.1`]);
  await client.end();
  return rows.length;
}
