import { expect, test } from 'vitest';
import type { Store } from '../../../src/jobs/ports.ts';
import type { JobRow } from '../../../src/jobs/rows.ts';
import { runRow, type Subject, storedJob } from './rows.ts';

const POINT = { name: 'loss', stage: 1, epoch: 1, step: 1, value: 0.5 };

function stageOf(job: JobRow, runId: string) {
  return {
    jobId: job.id,
    runId,
    stage: 1,
    name: 'train',
    objective: 'supervised',
    epochs: 3,
    stepsPerEpoch: 10,
  };
}

/** A write with an old fence changes nothing and answers false. */
export function fencing(subject: Subject): void {
  test('Every write of a run names its fence, and an old one changes nothing', async () => {
    const { store } = subject;
    const job = await storedJob(store, { fence: 1, status: 'running' });
    const run = runRow(job);
    await store.runs.insert(run);
    const writes = async () => [
      await store.jobs.setProgress(job.id, 1, { progress: 0.5, metrics: { loss: Infinity } }),
      await store.metrics.write(job.id, run.id, 1, [POINT]),
      await store.metrics.write(job.id, run.id, 1, []),
      await store.stages.begin(stageOf(job, run.id), 1),
      await store.stages.finish(job.id, 1, 1, 'succeeded', 30),
      await store.runs.heartbeat(run.id, 1),
    ];
    expect(await writes()).toEqual([true, true, true, true, true, 'running']);
    const before = await written(store, job.id);
    expect(before.job?.metrics).toEqual({ loss: Infinity });

    await store.jobs.setStatus(job.id, 'queued', { fence: 2 });
    expect(await writes()).toEqual([false, false, false, false, false, null]);
    expect(await written(store, job.id)).toEqual({
      ...before,
      job: { ...before.job, status: 'queued', fence: 2, version: (before.job?.version ?? 0) + 1 },
    });
  });

  test('A write that meets the change of the fence waits for it, and then changes nothing', async () => {
    const { store } = subject;
    const job = await storedJob(store, { fence: 1, status: 'running' });
    const answered: boolean[] = [];
    let writes: Promise<unknown> = Promise.resolve();
    await store.transaction(async (transaction) => {
      await transaction.jobs.lock(job.id);
      await transaction.jobs.setStatus(job.id, 'queued', { fence: 2 });
      writes = Promise.all([
        store.metrics.write(job.id, 'run_old', 1, [POINT]).then((answer) => answered.push(answer)),
        store.stages.begin(stageOf(job, 'run_old'), 1).then((answer) => answered.push(answer)),
        store.jobs.setProgress(job.id, 1, { progress: 1 }).then((answer) => answered.push(answer)),
      ]);
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(answered).toEqual([]);
    });
    await writes;
    expect(answered).toEqual([false, false, false]);
    expect(await written(store, job.id)).toMatchObject({ job: { progress: 0 }, points: [], stages: [] });
  });

  test('A heartbeat tells the job’s status until the run ends', async () => {
    const { store } = subject;
    const job = await storedJob(store, { fence: 1, status: 'cancelling' });
    const run = runRow(job, { heartbeatAt: new Date(0) });
    await store.runs.insert(run);
    expect(await store.runs.heartbeat(run.id, 1)).toBe('cancelling');
    const [beaten] = await store.runs.list(job.id);
    expect(Math.abs(Date.now() - (beaten?.heartbeatAt.getTime() ?? 0))).toBeLessThan(10_000);
    await store.runs.finish(run.id, 'stopped', null);
    expect(await store.runs.heartbeat(run.id, 1)).toBeNull();
  });

  test('A stage that a run resumes keeps its start and is open again', async () => {
    const { store } = subject;
    const job = await storedJob(store, { fence: 1 });
    await store.stages.begin(stageOf(job, 'run_1'), 1);
    await store.stages.finish(job.id, 1, 1, 'stopped', 12);
    const [stopped] = await store.stages.list(job.id);
    expect(stopped).toMatchObject({ status: 'stopped', steps: 12, finishedAt: expect.any(Date) });
    await store.stages.begin(stageOf(job, 'run_2'), 1);
    expect(await store.stages.list(job.id)).toEqual([
      { ...stopped, runId: 'run_2', status: 'running', finishedAt: null },
    ]);
  });

  test('A silent run is found, while its job counts on it', async () => {
    const { store } = subject;
    const heartbeatAt = new Date(Date.now() - 3_600_000);
    const limit = new Date(heartbeatAt.getTime() + 1);
    const jobs = [
      await storedJob(store, { status: 'running' }),
      await storedJob(store, { status: 'cancelling' }),
      await storedJob(store, { status: 'cancelled' }),
      await storedJob(store, { status: 'running' }),
    ];
    for (const job of jobs) await store.runs.insert(runRow(job, { heartbeatAt }));
    await store.runs.heartbeat((await store.runs.list(jobs[3]!.id))[0]!.id, 0);
    const silent = (await store.jobs.silentSince(limit, 100)).map((job) => job.id);
    expect(jobs.map((job) => silent.includes(job.id))).toEqual([true, true, false, false]);
  });

  test('Jobs that wait longest for a worker are found first', async () => {
    const { store } = subject;
    const queued = async (second: number, status: JobRow['status']) =>
      (await storedJob(store, { status, queuedAt: new Date(second * 1_000) })).id;
    const ids = [await queued(2, 'queued'), await queued(1, 'queued'), await queued(0, 'running')];
    const found = (await store.jobs.queuedBefore(new Date(2_001), 10)).map((job) => job.id);
    expect(found).toEqual([ids[1], ids[0]]);
    expect(await store.jobs.queuedBefore(new Date(1_000), 10)).toEqual([]);
  });
}

async function written(store: Store, jobId: string) {
  return {
    job: await store.jobs.get(jobId),
    points: await store.metrics.read(jobId, { maxPoints: 100 }),
    stages: await store.stages.list(jobId),
  };
}
