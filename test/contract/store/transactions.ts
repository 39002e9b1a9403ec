import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { newId } from '../../../src/jobs/ids.ts';
import type { IdempotentAnswer } from '../../../src/jobs/ports.ts';
import { datasetRow, jobRow, modelRow, newProject, STRUCTURE, type Subject, storedJob } from './rows.ts';

export function transactions(subject: Subject): void {
  test('A transaction is all or nothing, the transactions within it too', async () => {
    const { store } = subject;
    const job = jobRow(await newProject(store));
    const undone = store.transaction(async (outer) => {
      await outer.jobs.insert(job);
      await outer.transaction((inner) => inner.events.append(job.id, 'status', {}));
      expect(await outer.events.list(job.id, 0, 10)).toHaveLength(1);
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    expect(await store.jobs.get(job.id)).toBeNull();
    expect(await store.events.list(job.id, 0, 10)).toEqual([]);
  });

  test('A locked job is changed by one at a time, and every change moves its version', async () => {
    const { store } = subject;
    const job = await storedJob(store);
    const count = () =>
      store.transaction(async (transaction) => {
        const row = await transaction.jobs.lock(job.id);
        await sleep(5);
        await transaction.jobs.setStatus(job.id, 'queued', { faults: (row?.faults ?? NaN) + 1 });
      });
    await Promise.all(Array.from({ length: 10 }, count));
    expect(await store.jobs.get(job.id)).toMatchObject({ faults: 10, version: job.version + 10 });
    await expect(store.jobs.lock(job.id)).rejects.toThrow('transaction');
    expect(await store.transaction((transaction) => transaction.jobs.lock('job_none'))).toBeNull();
  });

  test('A patch changes what it names, to null too, and nothing else', async () => {
    const { store } = subject;
    const failure = { code: 'timeout', message: 'late', retryable: true } as const;
    const job = await storedJob(store, { failure, statusDetail: 'x', metrics: { loss: 1 } });
    await store.jobs.setStatus(job.id, 'running', { failure: null, statusDetail: null });
    expect(await store.jobs.get(job.id)).toEqual({
      ...job,
      status: 'running',
      failure: null,
      statusDetail: null,
      version: job.version + 1,
    });
  });

  test('The same key and request again answers what was answered first', async () => {
    const { store } = subject;
    const request = idempotentRequest(await newProject(store));
    const first = await store.idempotent(request, async () => ({ id: 'job_1', loss: Infinity }));
    const again = await store.idempotent(request, () => Promise.reject(new Error('ran twice')));
    expect(first).toEqual({ kind: 'done', answer: { id: 'job_1', loss: Infinity } });
    expect(again).toEqual({ kind: 'replayed', answer: { id: 'job_1', loss: 'Infinity' } });
    const other = { ...request, fingerprint: 'other' };
    expect(await store.idempotent(other, async () => 1)).toEqual({ kind: 'mismatch' });
    const elsewhere = { ...request, projectId: await newProject(store) };
    expect(await store.idempotent(elsewhere, async () => 2)).toEqual({ kind: 'done', answer: 2 });
  });

  test('Of many that come at once with a key, one does the work', async () => {
    const { store } = subject;
    const request = idempotentRequest(await newProject(store));
    let done = 0;
    const work = () =>
      store.idempotent(request, async () => {
        await sleep(50);
        return ++done;
      });
    const answers = await Promise.all(Array.from({ length: 8 }, work));
    const kinds = (kind: IdempotentAnswer<number>['kind']) =>
      answers.filter((answer) => answer.kind === kind);
    expect(done).toBe(1);
    expect(kinds('done')).toHaveLength(1);
    expect(kinds('inFlight').length).toBeGreaterThan(0);
    expect(kinds('mismatch')).toEqual([]);
    expect(await work()).toEqual({ kind: 'replayed', answer: 1 });
  });

  test('Work that fails keeps no answer and leaves nothing behind', async () => {
    const { store } = subject;
    const projectId = await newProject(store);
    const request = idempotentRequest(projectId);
    const job = jobRow(projectId);
    const failing = store.idempotent(request, async (transaction) => {
      await transaction.jobs.insert(job);
      throw new Error('failed');
    });
    await expect(failing).rejects.toThrow('failed');
    expect(await store.jobs.get(job.id)).toBeNull();
    expect(await store.idempotent(request, async () => 'second')).toEqual({ kind: 'done', answer: 'second' });
  });

  test('A data set is deleted unless a job that hasn’t ended needs it', async () => {
    const { store } = subject;
    const dataset = datasetRow(await newProject(store));
    const { id, projectId } = dataset;
    await store.datasets.insert(dataset);
    const job = await storedJob(store, { datasetId: id, status: 'paused' });
    expect(await store.datasets.delete(id, projectId)).toBe('inUse');
    await store.jobs.setStatus(job.id, 'failed', {});
    expect(await store.datasets.delete(id, projectId)).toBe('deleted');
    expect(await store.datasets.delete(id, projectId)).toBe('absent');
    expect(await store.datasets.lockForUse(id, projectId)).toBeNull();
  });

  test('A model is deleted unless a job that hasn’t ended begins with it', async () => {
    const { store } = subject;
    const model = modelRow(await newProject(store));
    const { id, projectId } = model;
    await store.models.insert(model, STRUCTURE);
    const job = await storedJob(store, { parentModelId: id, status: 'paused' });
    expect(await store.models.delete(id, projectId)).toBe('inUse');
    expect(await store.models.delete(id, await newProject(store))).toBe('absent');
    await store.jobs.setStatus(job.id, 'failed', {});
    expect(await store.models.lockForUse(id, projectId)).toBe(true);
    expect(await store.models.delete(id, projectId)).toBe('deleted');
    expect(await store.models.delete(id, projectId)).toBe('absent');
    expect(await store.models.lockForUse(id, projectId)).toBe(false);
  });

  test('A model’s deletion and a new job exclude each other, whichever comes first', async () => {
    const { store } = subject;
    const outcomes = new Set<string>();
    for (let round = 0; round < 20; round++) {
      const model = modelRow(await newProject(store));
      const { id, projectId } = model;
      await store.models.insert(model, STRUCTURE);
      const create = store.transaction(async (transaction) => {
        if (round % 2 === 0) await sleep(2);
        if (!(await transaction.models.lockForUse(id, projectId))) return 'refused';
        await sleep(2);
        await transaction.jobs.insert(jobRow(projectId, { parentModelId: id }));
        return 'created';
      });
      if (round % 2 === 1) await sleep(4);
      outcomes.add(`${await store.models.delete(id, projectId)}, ${await create}`);
    }
    expect([...outcomes].sort()).toEqual(['deleted, refused', 'inUse, created']);
  });

  test('A deletion and a new job exclude each other, whichever comes first', async () => {
    const { store } = subject;
    const outcomes = new Set<string>();
    for (let round = 0; round < 20; round++) {
      const dataset = datasetRow(await newProject(store));
      const { id, projectId } = dataset;
      await store.datasets.insert(dataset);
      const create = store.transaction(async (transaction) => {
        if (round % 2 === 0) await sleep(2);
        if (!(await transaction.datasets.lockForUse(id, projectId))) return 'refused';
        await sleep(2);
        await transaction.jobs.insert(jobRow(projectId, { datasetId: id }));
        return 'created';
      });
      if (round % 2 === 1) await sleep(4);
      outcomes.add(`${await store.datasets.delete(id, projectId)}, ${await create}`);
    }
    expect([...outcomes].sort()).toEqual(['deleted, refused', 'inUse, created']);
  });
}

function idempotentRequest(projectId: string) {
  return { projectId, operation: 'createJob', key: newId('key'), fingerprint: 'sha' };
}
