import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { newId } from '../../../src/jobs/ids.ts';
import type { Store } from '../../../src/jobs/ports.ts';
import type { JobRow } from '../../../src/jobs/rows.ts';
import { jobRow, modelRow, newProject, STRUCTURE, type Subject } from './rows.ts';

/** Jobs that were posted together, and those that wait for another. */
export function pipelines(subject: Subject): void {
  test('A pipeline comes back with its jobs in the order in which their ids were made', async () => {
    const { store } = subject;
    const { pipeline, jobs } = await storedPipeline(store, 4);
    await store.jobs.insert(jobRow(pipeline.projectId));
    expect(await store.pipelines.get(pipeline.id, pipeline.projectId)).toEqual({ ...pipeline, jobs });
    expect(await store.pipelines.get(pipeline.id, await newProject(store))).toBeNull();
    expect(await store.pipelines.get('pipe_none', pipeline.projectId)).toBeNull();
  });

  test('Pipelines are listed page by page, by name and label', async () => {
    const { store } = subject;
    const projectId = await newProject(store);
    const first = await storedPipeline(store, 2, { projectId, name: 'a', labels: { team: 'lab' } });
    const second = await storedPipeline(store, 2, { projectId, createdAt: new Date(Date.now() + 1_000) });
    const list = (filter: Parameters<Store['pipelines']['list']>[1], limit = 10, cursor?: string) =>
      store.pipelines.list(projectId, filter, { limit, cursor });
    const page = await list({}, 1);
    expect(page.data).toEqual([{ ...first.pipeline, jobs: first.jobs }]);
    expect((await list({}, 1, page.nextCursor!)).data.map(({ id }) => id)).toEqual([second.pipeline.id]);
    expect((await list({ name: 'a' })).data).toHaveLength(1);
    expect((await list({ label: 'team:lab' })).data).toHaveLength(1);
    expect((await list({ label: 'team:ops' })).data).toEqual([]);
    await expect(list({ label: 'team' })).rejects.toMatchObject({ code: 'invalidRequest' });
  });

  test('Those that still wait for a job are locked, in their order, and no others', async () => {
    const { store } = subject;
    const { jobs, add } = await storedPipeline(store, 1);
    const awaited = jobs[0]!.id;
    const [a, b, ended] = [
      await add({ waitsFor: awaited, status: 'waiting' }),
      await add({ waitsFor: awaited, status: 'waiting' }),
      await add({ waitsFor: awaited, status: 'cancelled' }),
    ];
    await add({ waitsFor: ended.id, status: 'waiting' });
    await expect(store.jobs.lockWaiting(awaited)).rejects.toThrow('transaction');

    const order: string[] = [];
    const first = store.transaction(async (inside) => {
      expect(await inside.jobs.lockWaiting(awaited)).toEqual([a, b]);
      await sleep(50);
      await inside.jobs.setStatus(a.id, 'queued', { parentModelId: 'mdl_1' });
      order.push('first');
    });
    await sleep(20);
    const second = store.transaction(async (inside) => {
      const waiting = await inside.jobs.lockWaiting(awaited);
      order.push('second');
      return waiting;
    });
    await first;
    expect(await second).toEqual([b]);
    expect(order).toEqual(['first', 'second']);
    expect(await store.jobs.get(a.id)).toMatchObject({ status: 'queued', parentModelId: 'mdl_1' });
  });

  test('Models are found by the one that they build on, and by the job that made them', async () => {
    const { store } = subject;
    const projectId = await newProject(store);
    const parent = await store.models.insert(modelRow(projectId), STRUCTURE);
    const child = await store.models.insert(modelRow(projectId, { parentModelId: parent.id }), STRUCTURE);
    const found = await store.models.list(projectId, { parent: parent.id }, { limit: 9 });
    expect(found.data).toEqual([child]);
    const made = await store.models.list(projectId, { job: child.jobId! }, { limit: 9 });
    expect(made.data).toEqual([child]);
  });
}

/** A pipeline of so many jobs, of which each waits for nothing. */
async function storedPipeline(store: Store, count: number, changes: object = {}) {
  const pipeline = {
    id: newId('pipe'),
    projectId: await newProject(store),
    name: null,
    labels: {},
    createdAt: new Date(),
    ...changes,
  };
  await store.pipelines.insert(pipeline);
  const add = async (change: Partial<JobRow> = {}) => {
    const job = jobRow(pipeline.projectId, { pipelineId: pipeline.id, ...change });
    await store.jobs.insert(job);
    return job;
  };
  const jobs: JobRow[] = [];
  for (let i = 0; i < count; i++) jobs.push(await add());
  return { pipeline, jobs, add };
}
