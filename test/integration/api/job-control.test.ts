import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../../src/jobs/ids.ts';
import type { CheckpointRow } from '../../../src/jobs/rows.ts';
import {
  type Claim,
  createRunService,
  endSucceeded,
  type RunService,
} from '../../../src/jobs/run-service.ts';
import type { Failure } from '../../../src/spec/failure.ts';
import type { DatasetResource } from '../../../src/spec/resource/dataset.ts';
import type { JobResource } from '../../../src/spec/resource/job.ts';
import type { PipelineResource } from '../../../src/spec/resource/pipeline.ts';
import { jobSpec, pipelineSpec, TestApi } from '../../api-server.ts';
import { modelRow, STRUCTURE } from '../../contract/store/rows.ts';

/** Pausing, resuming and retrying, without a worker: the test claims jobs and ends their runs as one would. */

let api: TestApi;
let runs: RunService;
let dataset: DatasetResource;

beforeAll(async () => {
  api = await TestApi.start();
  const { store, queue, limits } = api.context;
  const onQueueError = (error: unknown) => {
    throw error;
  };
  runs = createRunService({ store, queue, limits, onQueueError });
  dataset = await api.createDataset();
});
afterAll(() => api.stop());

const DIVERGED: Failure = { code: 'diverged', message: 'The loss is no number', retryable: false };

async function create(change: object = {}): Promise<JobResource> {
  const response = await api.post('/v1/jobs', { ...jobSpec(dataset.id), ...change });
  expect(response.statusCode, response.body).toBe(202);
  return response.json();
}

const get = async (id: string): Promise<JobResource> => (await api.get(`/v1/jobs/${id}`)).json();

async function claim(id: string): Promise<Claim> {
  const { attempt } = (await api.context.store.jobs.get(id))!;
  return (await runs.claim({ jobId: id, attempt }, 'wrk_test'))!;
}

type Verb = 'cancel' | 'pause' | 'resume' | 'retry';
const ask = (id: string, verb: Verb, body?: object) =>
  api.request({ method: 'POST', url: `/v1/jobs/${id}/${verb}`, ...(body && { payload: body }) });

async function done(id: string, verb: Verb, body?: object): Promise<JobResource> {
  const response = await ask(id, verb, body);
  expect(response.statusCode, response.body).toBe(202);
  expect(response.headers['retry-after']).toBe('1');
  return response.json();
}

async function refusal(id: string, verb: Verb, body?: object) {
  const { status, code, detail } = (await ask(id, verb, body)).json();
  return { status, code, detail };
}
const conflict = (detail: string) => ({ status: 409, code: 'conflict', detail });

async function statusEvents(id: string) {
  const events = (await api.get(`/v1/jobs/${id}/events?limit=200`)).json().data;
  return events
    .filter(({ type }: { type: string }) => type === 'status')
    .map(({ data }: { data: { to: string; attempt: number } }) => `${data.to} ${data.attempt}`);
}

const inQueue = (jobId: string, attempt: number) => api.context.queue.has({ jobId, attempt });

/** A job that has trained two stages up to their third step, with a checkpoint at each, and failed. */
async function failedJob(): Promise<{ job: JobResource; checkpoints: CheckpointRow[] }> {
  const { id } = await create({ stages: [{ epochs: 2 }, { epochs: 2 }] });
  const { store } = api.context;
  const claimed = await claim(id);
  const checkpoints: CheckpointRow[] = [];
  for (const stage of [1, 2]) {
    const begun = { jobId: id, runId: claimed.run.id, stage, name: `s${stage}`, objective: 'supervised' };
    await store.stages.begin({ ...begun, epochs: 2, stepsPerEpoch: 2 }, claimed.run.fence);
    for (const step of [1, 2, 3]) {
      const point = { stage, step, epoch: 1, name: 'loss', value: step };
      await store.metrics.write(id, claimed.run.id, claimed.run.fence, [point]);
      checkpoints.push(await storeCheckpoint(claimed, stage, step));
    }
  }
  await store.metrics.write(id, claimed.run.id, claimed.run.fence, [
    { stage: 2, step: 4, epoch: 2, name: 'loss', value: 4 },
  ]);
  const place = { stage: 2, epoch: 2, step: 4, progress: 0.9, metrics: { loss: 4 } };
  await store.jobs.setProgress(id, claimed.run.fence, place);
  await runs.fail(claimed, DIVERGED);
  return { job: await get(id), checkpoints };
}

async function storeCheckpoint({ job, run }: Claim, stage: number, step: number): Promise<CheckpointRow> {
  const { store, blobs } = api.context;
  const { key: blobKey, bytes } = await blobs.put(Readable.from([randomBytes(16)]));
  const row: CheckpointRow = {
    id: newId('ckp'),
    jobId: job.id,
    runId: run.id,
    stage,
    epoch: 1,
    step,
    blobKey,
    bytes,
    createdAt: new Date(Date.now() - 10_000 + 1_000 * stage + step),
  };
  await store.checkpoints.insert(row);
  return row;
}

async function leftOf(id: string) {
  const { store } = api.context;
  const metrics = await store.metrics.read(id, { maxPoints: 100 });
  return {
    checkpoints: (await store.checkpoints.list(id)).map((row) => row.id),
    metrics: metrics.map(({ stage, step }) => `${stage}.${step}`),
    stages: (await store.stages.list(id)).map(({ stage }) => stage),
  };
}

describe('pausing', () => {
  it('a queued job has it stand still at once, out of the queue, until it is resumed', async () => {
    const { id } = await create();
    expect(await done(id, 'pause')).toMatchObject({ status: 'paused', statusDetail: null, finishedAt: null });
    expect(await inQueue(id, 1)).toBe(false);
    expect(await done(id, 'pause')).toMatchObject({ status: 'paused' });
    expect(await runs.claim({ jobId: id, attempt: 1 }, 'wrk_test')).toBeNull();
    expect(await done(id, 'resume')).toMatchObject({
      status: 'queued',
      statusDetail: 'waiting for a worker',
    });
    expect(await inQueue(id, 2)).toBe(true);
    expect(await statusEvents(id)).toEqual(['queued 1', 'paused 1', 'queued 2']);
  });

  it('a running job asks its run to stop, and another run goes on', async () => {
    const { id } = await create();
    const first = await claim(id);
    expect(await done(id, 'pause')).toMatchObject({ status: 'pausing' });
    expect(await done(id, 'pause')).toMatchObject({ status: 'pausing' });
    const { store } = api.context;
    expect(await store.runs.heartbeat(first.run.id, first.run.fence)).toBe('pausing');
    expect(await refusal(id, 'resume')).toEqual(
      conflict('The job is still being paused; resume it once it is'),
    );
    const checkpoint = await storeCheckpoint(first, 1, 7);
    await runs.stop(first);
    expect(await get(id)).toMatchObject({ status: 'paused', failure: null });
    await done(id, 'resume');
    const second = await claim(id);
    expect(second.checkpoints.map((row) => row.id)).toEqual([checkpoint.id]);
    expect(second.run.fence).toBeGreaterThan(first.run.fence);
    expect(await statusEvents(id)).toEqual([
      'queued 1',
      'running 1',
      'pausing 1',
      'paused 1',
      'queued 2',
      'running 2',
    ]);
  });

  it('a job whose worker vanishes meanwhile has it stand still', async () => {
    const { id } = await create();
    await claim(id);
    await done(id, 'pause');
    expect(await runs.giveUpLost(id, new Date(Date.now() + 60_000))).toBe(true);
    expect(await get(id)).toMatchObject({ status: 'paused' });
    expect(await done(id, 'cancel')).toMatchObject({ status: 'cancelled' });
  });

  it('is refused once the job has ended or is being cancelled', async () => {
    const { id } = await create();
    const claimed = await claim(id);
    await done(id, 'cancel');
    expect(await refusal(id, 'pause')).toEqual(conflict('The job is being cancelled'));
    await runs.stop(claimed);
    expect(await refusal(id, 'pause')).toEqual(conflict('The job has already ended as cancelled'));
  });

  it('keeps the time between runs out of the job’s', async () => {
    const { id } = await create();
    const first = await claim(id);
    expect(first.spentMs).toBe(0);
    await new Promise((resolve) => setTimeout(resolve, 150));
    await done(id, 'pause');
    await runs.stop(first);
    await new Promise((resolve) => setTimeout(resolve, 600));
    await done(id, 'resume');
    const { spentMs } = await claim(id);
    expect(spentMs).toBeGreaterThanOrEqual(140);
    expect(spentMs).toBeLessThan(600);
  });
});

describe('resuming', () => {
  it('is refused of a job that isn’t paused, and says how it stands', async () => {
    const { id } = await create();
    const only = 'only a paused job can be resumed';
    expect(await refusal(id, 'resume')).toEqual(conflict(`The job is queued: ${only}`));
    await done(id, 'cancel');
    expect(await refusal(id, 'resume')).toEqual(conflict(`The job has ended as cancelled: ${only}`));
    for (const verb of ['pause', 'resume', 'retry'] as const)
      expect(await refusal('job_none', verb)).toMatchObject({ status: 404, code: 'notFound' });
  });

  it('many at once queues it once', async () => {
    const { id } = await create();
    await done(id, 'pause');
    const answers = await Promise.all(Array.from({ length: 6 }, () => ask(id, 'resume')));
    expect(answers.filter(({ statusCode }) => statusCode === 202)).toHaveLength(1);
    expect(await statusEvents(id)).toEqual(['queued 1', 'paused 1', 'queued 2']);
  });
});

describe('retrying', () => {
  it('goes on from the last checkpoint, and forgets what was measured after it', async () => {
    const { job, checkpoints } = await failedJob();
    const retried = await done(job.id, 'retry');
    expect(retried).toMatchObject({
      ...{ status: 'queued', failure: null, finishedAt: null, startedAt: null },
      ...{ stage: 2, epoch: 1, step: 3, metrics: { loss: 4 } },
    });
    expect(await leftOf(job.id)).toEqual({
      checkpoints: checkpoints.map(({ id }) => id).reverse(),
      metrics: ['1.1', '1.2', '1.3', '2.1', '2.2', '2.3'],
      stages: [1, 2],
    });
    expect(await inQueue(job.id, 2)).toBe(true);
    const again = await claim(job.id);
    expect(again.spentMs).toBe(0);
    await runs.fail(again, DIVERGED);
    expect(await statusEvents(job.id)).toEqual([
      ...['queued 1', 'running 1', 'failed 1'],
      ...['queued 2', 'running 2', 'failed 2'],
    ]);
  });

  it('from another checkpoint forgets those after it, and their files', async () => {
    const { job, checkpoints } = await failedJob();
    const from = checkpoints[1]!;
    expect(await done(job.id, 'retry', { checkpoint: from.id })).toMatchObject({
      stage: 1,
      step: 2,
      metrics: {},
    });
    expect(await leftOf(job.id)).toEqual({
      checkpoints: [checkpoints[1]!.id, checkpoints[0]!.id],
      metrics: ['1.1', '1.2'],
      stages: [1],
    });
    const blobs = await api.blobs();
    expect(checkpoints.map(({ blobKey }) => blobs.includes(blobKey))).toEqual([
      ...[true, true, false, false, false, false],
    ]);
    const { reason } = (await api.get(`/v1/jobs/${job.id}/events?limit=200`)).json().data.at(-1).data;
    expect(reason).toBe(`retried from the checkpoint ${from.id} (stage 1, step 2)`);
  });

  it('from the start forgets all', async () => {
    const { job } = await failedJob();
    expect(await done(job.id, 'retry', { from: 'start' })).toMatchObject({
      ...{ stage: null, epoch: null, step: null, progress: 0, metrics: {} },
    });
    expect(await leftOf(job.id)).toEqual({ checkpoints: [], metrics: [], stages: [] });
  });

  it('refuses a checkpoint that the job doesn’t keep, and two places at once', async () => {
    const { job, checkpoints } = await failedJob();
    const other = (await failedJob()).checkpoints[0]!.id;
    const unknown = await ask(job.id, 'retry', { checkpoint: other });
    expect(unknown.json()).toMatchObject({
      status: 400,
      errors: [{ pointer: '/checkpoint', message: `the job keeps no checkpoint “${other}”` }],
    });
    const both = await ask(job.id, 'retry', { checkpoint: checkpoints[0]!.id, from: 'start' });
    expect(both.json()).toMatchObject({ status: 400, errors: [{ pointer: '/from' }] });
    expect((await ask(job.id, 'retry', { step: 3 })).statusCode).toBe(400);
    expect((await leftOf(job.id)).checkpoints).toHaveLength(6);
  });

  it('is refused of a job that hasn’t failed', async () => {
    const { id } = await create();
    const only = 'only a failed or a cancelled job can be retried';
    expect(await refusal(id, 'retry')).toEqual(conflict(`The job is queued: ${only}`));
    const claimed = await claim(id);
    expect(await refusal(id, 'retry')).toEqual(conflict(`The job is running: ${only}`));
    await succeed(claimed);
    expect(await refusal(id, 'retry')).toEqual(
      conflict('The job has succeeded; send its spec as a new job to train once more'),
    );
  });

  it('lets no late word of the run that ended through', async () => {
    const { id } = await create();
    const claimed = await claim(id);
    await done(id, 'cancel');
    await runs.stop(claimed);
    await done(id, 'retry');
    await expect(runs.fail(claimed, DIVERGED)).rejects.toThrow(/taken over/);
    const point = { stage: 1, step: 1, epoch: 1, name: 'loss', value: 1 };
    const { store } = api.context;
    expect(await store.metrics.write(id, claimed.run.id, claimed.run.fence, [point])).toBe(false);
    expect(await get(id)).toMatchObject({ status: 'queued' });
  });

  it('is refused when the data set was deleted since', async () => {
    const own = await api.createDataset();
    const { id } = await create({ data: { ...jobSpec(own.id).data } });
    await done(id, 'cancel');
    expect((await api.request({ method: 'DELETE', url: own.urls.self })).statusCode).toBe(204);
    expect(await refusal(id, 'retry')).toEqual(conflict(`The data set “${own.id}” of the job was deleted`));
  });
});

async function succeed({ job, run }: Claim, modelId: string | null = null): Promise<void> {
  const claimed = { job, run } as Claim;
  await runs.write(claimed, (inside, current) => endSucceeded(inside, current, run, { modelId }));
}

describe('in a pipeline', () => {
  async function chain(): Promise<[string, string, string]> {
    const spec = pipelineSpec(dataset.id);
    const higher = { ...spec.jobs[1]!, name: 'higher', model: { from: { job: 'top' }, layers: [] } };
    const response = await api.post('/v1/pipelines', { jobs: [...spec.jobs, higher] });
    const { jobs } = response.json<PipelineResource>();
    return jobs.map(({ id }) => id) as [string, string, string];
  }
  const statuses = async (ids: string[]) => Promise.all(ids.map(async (id) => (await get(id)).status));

  it('what failed for want of a model waits for it again when that job is retried', async () => {
    const ids = await chain();
    await runs.fail(await claim(ids[0]), DIVERGED);
    expect(await statuses(ids)).toEqual(['failed', 'failed', 'failed']);
    expect(await refusal(ids[1], 'retry')).toEqual(
      conflict('The job “base”, whose model it waited for, failed; retry that one first'),
    );
    await done(ids[0], 'retry');
    expect(await statuses(ids)).toEqual(['queued', 'waiting', 'waiting']);
    expect(await get(ids[2])).toMatchObject({ failure: null, finishedAt: null });
    await runs.fail(await claim(ids[0]), DIVERGED);
    expect(await statusEvents(ids[2])).toEqual(['waiting 1', 'failed 1', 'waiting 2', 'failed 2']);
  });

  it('what was cancelled with it waits once it is retried itself', async () => {
    const ids = await chain();
    await done(ids[0], 'cancel');
    await done(ids[0], 'retry');
    expect(await statuses(ids)).toEqual(['queued', 'cancelled', 'cancelled']);
    expect(await done(ids[1], 'retry')).toMatchObject({
      status: 'waiting',
      statusDetail: 'waiting for the job “base”',
    });
    expect(await statuses(ids)).toEqual(['queued', 'waiting', 'cancelled']);
  });

  it('a waiting job is paused, and waits or begins when it is resumed, by what has happened meanwhile', async () => {
    const [base, top] = await chain();
    await done(top, 'pause');
    expect(await done(top, 'resume')).toMatchObject({ status: 'waiting' });
    await done(top, 'pause');
    await runs.fail(await claim(base), DIVERGED);
    expect(await get(top)).toMatchObject({ status: 'paused' });
    expect(await refusal(top, 'resume')).toMatchObject({
      detail: expect.stringMatching(/retry that one first$/),
    });
    await done(base, 'retry');
    const modelId = newId('mdl');
    await insertModel(modelId);
    await succeed(await claim(base), modelId);
    expect(await done(top, 'resume')).toMatchObject({ status: 'queued', parentModelId: modelId });
  });

  it('many verbs at once, of all its jobs, come to an end without a deadlock', async () => {
    const verbs: Verb[] = ['cancel', 'pause', 'resume', 'retry'];
    for (let round = 0; round < 4; round++) {
      const ids = await chain();
      const wishes = [...ids].reverse().flatMap((id) => verbs.map((verb) => ask(id, verb)));
      for (const { statusCode } of await Promise.all(wishes)) expect([202, 409]).toContain(statusCode);
      for (const id of ids) {
        const ends = (await statusEvents(id)).filter((each: string) => /^(failed|cancelled)/.test(each));
        expect(new Set(ends).size).toBe(ends.length);
      }
    }
  });

  async function insertModel(id: string): Promise<void> {
    const { projectId } = (await api.context.store.jobs.get((await create()).id))!;
    await api.context.store.models.insert(modelRow(projectId, { id }), STRUCTURE);
  }
});
