import type { JobSpec } from '../spec/job.ts';
import { newId } from './ids.ts';
import { WAITING_FOR_WORKER } from './lifecycle.ts';
import type { Store } from './ports.ts';
import type { JobRow } from './rows.ts';

/** What a job comes from besides its spec. */
export interface Origin {
  readonly projectId: string;
  readonly pipelineId?: string;
  /** The job that makes the model which it builds on. */
  readonly waitsFor?: JobRow;
}

/** Inserts a job that was found valid, with its first event; `inside` is a transaction's store. */
export async function insertJob(inside: Store, spec: JobSpec, origin: Origin): Promise<JobRow> {
  const job = newJob(spec, origin);
  await inside.jobs.insert(job);
  const reason = origin.waitsFor ? `created, ${job.statusDetail}` : 'created';
  await inside.events.append(job.id, 'status', {
    from: null,
    to: job.status,
    attempt: job.attempt,
    reason,
  });
  return job;
}

function newJob(spec: JobSpec, { projectId, pipelineId, waitsFor }: Origin): JobRow {
  const now = new Date();
  const { from } = spec.model;
  return {
    id: newId('job'),
    projectId,
    datasetId: spec.data.dataset,
    name: spec.name ?? null,
    labels: spec.labels,
    spec,
    priority: spec.priority,
    status: waitsFor ? 'waiting' : 'queued',
    statusDetail: waitsFor ? `waiting for the job “${waitsFor.name}”` : WAITING_FOR_WORKER,
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
    parentModelId: from && 'model' in from ? from.model : null,
    pipelineId: pipelineId ?? null,
    waitsFor: waitsFor?.id ?? null,
    createdAt: now,
    queuedAt: now,
    startedAt: null,
    finishedAt: null,
    version: 1,
  };
}
