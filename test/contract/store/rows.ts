import { newId } from '../../../src/jobs/ids.ts';
import type { Store } from '../../../src/jobs/ports.ts';
import type {
  CheckpointRow,
  DatasetRow,
  JobRow,
  ModelRow,
  RunRow,
  WorkerRow,
} from '../../../src/jobs/rows.ts';
import { JobSpec } from '../../../src/spec/job.ts';
import type { ModelStructure } from '../../../src/spec/model-structure.ts';

/** What every suite is handed: the store under test and where its database is. */
export interface Subject {
  store: Store;
  url: string;
}

/** A network of one layer, and how it makes numbers of its input. */
export const STRUCTURE: ModelStructure = {
  network: {
    inputShape: [1],
    layers: [{ type: 'dense', name: 'output', units: 1, activation: 'linear', useBias: true }],
    distribution: 'point',
  },
  preprocess: {
    task: 'regression',
    inputs: [{ type: 'number', name: 'x', mean: 0.5, std: 1e-7 }],
    target: { type: 'number', name: 'y', mean: 0, std: 1 },
  },
};

/** A project of the test's own, so that tests may share a database. */
export function newProject(store: Store): Promise<string> {
  return store.projects.ensure(newId('prj'));
}

export function datasetRow(projectId: string, changes: Partial<DatasetRow> = {}): DatasetRow {
  return {
    id: newId('ds'),
    projectId,
    name: 'concrete',
    format: 'csv',
    schema: {
      rows: 2,
      columns: [{ name: 'strength', type: 'number', missing: 0, distinct: 2, max: 'Infinity', min: 1.5 }],
    },
    blobKey: 'a'.repeat(64),
    bytes: 6_000_000_000,
    createdAt: new Date(),
    ...changes,
  };
}

export function jobRow(projectId: string, changes: Partial<JobRow> = {}): JobRow {
  const datasetId = changes.datasetId ?? newId('ds');
  const now = new Date();
  return {
    id: newId('job'),
    projectId,
    datasetId,
    name: 'a job',
    labels: { team: 'lab' },
    spec: JobSpec.parse({
      data: { dataset: datasetId, target: 'strength' },
      model: { layers: [{ type: 'dense', units: 4 }] },
      stages: [{ epochs: 3 }],
    }),
    priority: 0,
    status: 'queued',
    statusDetail: null,
    failure: null,
    attempt: 1,
    faults: 0,
    fence: 0,
    progress: 0,
    etaSeconds: null,
    stage: null,
    epoch: null,
    step: null,
    metrics: {},
    modelId: null,
    parentModelId: null,
    pipelineId: null,
    waitsFor: null,
    createdAt: now,
    queuedAt: now,
    startedAt: null,
    finishedAt: null,
    version: 1,
    ...changes,
  };
}

/** A stored job of a new project. */
export async function storedJob(store: Store, changes: Partial<JobRow> = {}): Promise<JobRow> {
  const job = jobRow(await newProject(store), changes);
  await store.jobs.insert(job);
  return job;
}

export function runRow(job: JobRow, changes: Partial<RunRow> = {}): RunRow {
  const now = new Date();
  return {
    id: newId('run'),
    jobId: job.id,
    attempt: 1,
    fence: job.fence,
    status: 'running',
    workerId: newId('wrk'),
    device: null,
    resumedFromStep: null,
    failure: null,
    heartbeatAt: now,
    startedAt: now,
    finishedAt: null,
    ...changes,
  };
}

export function checkpointRow(job: JobRow, changes: Partial<CheckpointRow> = {}): CheckpointRow {
  return {
    id: newId('ckp'),
    jobId: job.id,
    runId: newId('run'),
    stage: 1,
    epoch: 1,
    step: 10,
    blobKey: 'c'.repeat(64),
    bytes: 100,
    createdAt: new Date(),
    ...changes,
  };
}

export function modelRow(projectId: string, changes: Partial<Omit<ModelRow, 'version'>> = {}) {
  return {
    id: newId('mdl'),
    projectId,
    jobId: newId('job'),
    datasetId: newId('ds'),
    parentModelId: null,
    name: 'digits',
    task: 'classification' as const,
    inputs: ['a', 'b'],
    inputShape: [24, 2],
    window: { length: 24, horizon: 2 },
    target: 'digit',
    classes: ['0', '1'],
    parameters: 3_000_000_000,
    stochastic: true,
    seed: Number.MAX_SAFE_INTEGER,
    blobKey: 'e'.repeat(64),
    bytes: 5,
    evaluation: { loss: NaN, accuracy: 0.5 },
    imported: null,
    stages: [{ name: 'frozen', objective: 'supervised', trainable: { top: 2 }, epochs: 4 }],
    createdAt: new Date(),
    ...changes,
  };
}

export function workerRow(changes: Partial<WorkerRow> = {}): WorkerRow {
  const now = new Date();
  return {
    id: newId('wrk'),
    host: 'here',
    pid: 1,
    device: 'wasm',
    predictorUrl: null,
    heartbeatAt: now,
    startedAt: now,
    ...changes,
  };
}
