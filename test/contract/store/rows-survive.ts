import { expect, test } from 'vitest';
import { newId } from '../../../src/jobs/ids.ts';
import type { ArtifactRow } from '../../../src/jobs/rows.ts';
import {
  checkpointRow,
  datasetRow,
  jobRow,
  modelRow,
  newProject,
  runRow,
  STRUCTURE,
  type Subject,
  storedJob,
  workerRow,
} from './rows.ts';

/** What is put in comes out, and only for whom it belongs to. */
export function rowsSurvive(subject: Subject): void {
  test('A row comes back as it was stored, and another project doesn’t see it', async () => {
    const { store } = subject;
    const [projectId, other] = [await newProject(store), await newProject(store)];
    const dataset = datasetRow(projectId);
    const job = jobRow(projectId, {
      labels: { 'odd:key': 'v=1', 'line\nbreak': '' },
      failure: { code: 'diverged', message: 'NaN', retryable: false, stage: 1, step: 7, layer: 'hidden1' },
      metrics: { loss: NaN, best: -Infinity, worst: Infinity, accuracy: 1e-7 },
      etaSeconds: 1.5,
      startedAt: new Date('2020-02-29T12:34:56.789Z'),
    });
    const model = modelRow(projectId);
    await store.datasets.insert(dataset);
    await store.jobs.insert(job);
    const stored = await store.models.insert(model, STRUCTURE);

    expect(await store.datasets.get(dataset.id, projectId)).toEqual(dataset);
    expect(await store.jobs.get(job.id, projectId)).toEqual(job);
    expect(stored).toEqual({ ...model, version: 1 });
    expect(await store.models.get(model.id, projectId)).toEqual(stored);
    expect(await store.models.structureOf(model.id, projectId)).toEqual(STRUCTURE);
    expect(await store.models.structureOf(model.id, other)).toBeNull();
    expect(await store.datasets.get(dataset.id, other)).toBeNull();
    expect(await store.datasets.delete(dataset.id, other)).toBe('absent');
    expect(await store.jobs.get(job.id, other)).toBeNull();
    expect(await store.models.get(model.id, other)).toBeNull();
  });

  test('A spec keeps the order of its keys', async () => {
    const job = await storedJob(subject.store);
    const row = await subject.store.jobs.get(job.id);
    expect(JSON.stringify(row?.spec)).toBe(JSON.stringify(job.spec));
  });

  test('A model without classes is one of a regression', async () => {
    const { store } = subject;
    const model = modelRow(await newProject(store), { classes: null, task: 'regression', window: null });
    expect(await store.models.insert(model, STRUCTURE)).toMatchObject({ classes: null, window: null });
  });

  test('An import has neither job, data set nor seed, and perhaps no task', async () => {
    const { store } = subject;
    const changes = { jobId: null, datasetId: null, task: null, target: null, classes: null, stages: [] };
    const imported = { format: 'keras' as const, file: 'net.keras' };
    const model = modelRow(await newProject(store), { ...changes, imported, seed: null });
    const stored = await store.models.insert(model, STRUCTURE);
    expect(stored).toEqual({ ...model, version: 1 });
    expect(await store.models.get(model.id, model.projectId)).toEqual(stored);
  });

  test('A model of labels has all of their names, in their order', async () => {
    const { store } = subject;
    const target = ['wet', 'cold', 'a "quoted", one'];
    const model = modelRow(await newProject(store), { classes: null, task: 'multilabel', target });
    expect(await store.models.insert(model, STRUCTURE)).toMatchObject({
      task: 'multilabel',
      target,
      classes: null,
    });
    expect((await store.models.get(model.id, model.projectId))?.target).toEqual(target);
  });

  test('Models of a name are numbered without a gap, though many come at once', async () => {
    const { store } = subject;
    const projectId = await newProject(store);
    const models = await Promise.all(
      Array.from({ length: 8 }, () => store.models.insert(modelRow(projectId), STRUCTURE)),
    );
    expect(models.map((model) => model.version).sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect((await store.models.insert(modelRow(projectId, { name: 'other' }), STRUCTURE)).version).toBe(1);
  });

  test('A run that was given up as lost stays lost, and another run of the job goes on', async () => {
    const { store } = subject;
    const job = await storedJob(store, { fence: 2 });
    const [lost, current] = [runRow(job, { fence: 1 }), runRow(job, { fence: 2 })];
    await store.runs.insert(lost);
    await store.runs.finishRunning(job.id, 'lost');
    await store.runs.insert(current);
    await store.runs.setDevice(current.id, 'wasm', 40);
    const failure = { code: 'bug', message: 'late', retryable: false } as const;
    await store.runs.finish(lost.id, 'failed', failure);

    const runs = await store.runs.list(job.id);
    expect(runs.map(({ id, status, failure }) => ({ id, status, failure }))).toEqual([
      { id: lost.id, status: 'lost', failure: null },
      { id: current.id, status: 'running', failure: null },
    ]);
    expect(runs[0]?.finishedAt).toBeInstanceOf(Date);
    expect(runs[1]).toMatchObject({ device: 'wasm', resumedFromStep: 40 });
  });

  test('The newest checkpoint comes first, and a blob is in use while a row names it', async () => {
    const { store } = subject;
    const job = await storedJob(store);
    const blobKey = newId('ckp');
    const older = checkpointRow(job, { createdAt: new Date(1_000), step: 99 });
    const newer = checkpointRow(job, { createdAt: new Date(2_000), blobKey });
    await store.checkpoints.insert(older);
    await store.checkpoints.insert(newer);

    expect(await store.checkpoints.list(job.id)).toEqual([newer, older]);
    expect(await store.blobInUse(blobKey)).toBe(true);
    expect(await store.unusedBlobs([blobKey, 'b'.repeat(64), older.blobKey])).toEqual(['b'.repeat(64)]);
    expect(await store.unusedBlobs([])).toEqual([]);
    await store.checkpoints.delete([newer.id]);
    expect(await store.checkpoints.list(job.id)).toEqual([older]);
    expect(await store.blobInUse(blobKey)).toBe(false);
  });

  test('An artifact replaces the one of its name', async () => {
    const { store } = subject;
    const job = await storedJob(store);
    const artifact = (bytes: number, blobKey: string): ArtifactRow => ({
      id: newId('art'),
      jobId: job.id,
      name: 'report.json',
      mediaType: 'application/json',
      blobKey,
      bytes,
      createdAt: new Date(),
    });
    const [first, second] = [artifact(1, newId('art')), artifact(2, newId('art'))];
    await store.artifacts.put(first);
    await store.artifacts.put(second);

    expect(await store.artifacts.list(job.id)).toEqual([second]);
    expect(await store.artifacts.get(job.id, 'report.json')).toEqual(second);
    expect(await store.artifacts.get(job.id, 'model.json')).toBeNull();
    expect([await store.blobInUse(first.blobKey), await store.blobInUse(second.blobKey)]).toEqual([
      false,
      true,
    ]);
  });

  test('An API key is found by its hash, with its project’s name, and deleted only by its project', async () => {
    const { store } = subject;
    const project = newId('prj');
    const projectId = await store.projects.ensure(project);
    expect(await store.projects.ensure(project)).toBe(projectId);
    const key = {
      id: newId('key'),
      projectId,
      project,
      name: 'ci',
      scopes: ['read' as const, 'write' as const],
      hash: newId('key'),
      createdAt: new Date(),
      lastUsedAt: null,
    };
    await store.apiKeys.insert(key);

    expect(await store.apiKeys.findByHash(key.hash)).toEqual(key);
    await store.apiKeys.touch(key.id);
    const touched = await store.apiKeys.findByHash(key.hash);
    expect(touched?.lastUsedAt?.getTime()).toBeGreaterThanOrEqual(key.createdAt.getTime());
    await store.apiKeys.touch(key.id);
    expect(await store.apiKeys.findByHash(key.hash)).toEqual(touched);
    expect(await store.apiKeys.delete(key.id, await newProject(store))).toBe(false);
    expect(await store.apiKeys.delete(key.id, projectId)).toBe(true);
    expect(await store.apiKeys.findByHash(key.hash)).toBeNull();
  });

  test('A worker is alive while it is heard of', async () => {
    const { store } = subject;
    const start = new Date(Date.now() - 60_000);
    const worker = workerRow({ heartbeatAt: start });
    await store.workers.heartbeat(worker);
    const alive = async () => (await store.workers.alive(new Date(start.getTime() + 1))).map(({ id }) => id);
    expect(await alive()).not.toContain(worker.id);
    await store.workers.heartbeat({ ...worker, heartbeatAt: new Date() });
    expect(await alive()).toContain(worker.id);
    await store.workers.remove(worker.id);
    expect(await alive()).not.toContain(worker.id);
  });

  test('Text with U+0000, which Postgres can’t hold, is the caller’s fault', async () => {
    const { store } = subject;
    const projectId = await newProject(store);
    const refused = expect.objectContaining({ code: 'invalidRequest' });
    await expect(store.datasets.insert(datasetRow(projectId, { name: 'a\0b' }))).rejects.toEqual(refused);
    await expect(store.jobs.insert(jobRow(projectId, { labels: { a: '\0' } }))).rejects.toEqual(refused);
  });
}
