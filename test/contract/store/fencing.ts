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

  test('Queued jobs are found page by page, the most urgent first, each once', async () => {
    const { store } = subject;
    const before = new Date(100_000);
    const places = [1, 0, 2, 0, 1, 1, 0].map((priority, i) => ({
      priority,
      queuedAt: new Date(50_000 + (i % 3)),
    }));
    const ids: string[] = [];
    for (const place of places) ids.push((await storedJob(store, { status: 'queued', ...place })).id);
    const found: JobRow[] = [];
    let page: JobRow[];
    do {
      page = await store.jobs.queuedBefore(before, 2, found.at(-1));
      found.push(...page);
    } while (page.length > 0);
    const ours = found.filter(({ id }) => ids.includes(id));
    expect(ours.map(({ id }) => id).sort()).toEqual(ids.sort());
    const keys = ours.map(({ priority, queuedAt }) => [priority, queuedAt.getTime()]);
    expect(keys).toEqual([...keys].sort(([a, b], [c, d]) => a! - c! || b! - d!));
  });

  test('What lies after a place in a job is forgotten, and only that', async () => {
    const { store } = subject;
    const [job, other] = [await storedJob(store), await storedJob(store)];
    const points = [1, 2].flatMap((stage) =>
      [1, 2, 3].map((step) => ({ stage, step, epoch: 1, name: 'loss', value: step })),
    );
    for (const { id } of [job, other]) {
      await store.metrics.write(id, 'run_1', 0, points);
      for (const stage of [1, 2]) {
        const begun = { jobId: id, runId: 'run_1', stage, name: `s${stage}`, objective: 'supervised' };
        await store.stages.begin({ ...begun, epochs: 1, stepsPerEpoch: 3 }, 0);
      }
    }
    const left = async (id: string) => ({
      steps: (await store.metrics.read(id, { maxPoints: 100 })).map(({ stage, step }) => `${stage}.${step}`),
      stages: (await store.stages.list(id)).map(({ stage }) => stage),
    });
    await store.metrics.deleteAfter(job.id, { stage: 1, step: 2 });
    await store.stages.deleteAfter(job.id, 1);
    expect(await left(job.id)).toEqual({ steps: ['1.1', '1.2'], stages: [1] });
    expect(await left(other.id)).toEqual({
      steps: ['1.1', '1.2', '1.3', '2.1', '2.2', '2.3'],
      stages: [1, 2],
    });
  });
}

async function written(store: Store, jobId: string) {
  return {
    job: await store.jobs.get(jobId),
    points: await store.metrics.read(jobId, { maxPoints: 100 }),
    stages: await store.stages.list(jobId),
  };
}
