import type { DatasetSchema } from '../spec/dataset.ts';
import type { JobSpec } from '../spec/job.ts';
import { type ParentModel, parentOf } from '../spec/parent.ts';
import type { JobStatus } from '../spec/resource/job.ts';
import { TrainyardError } from './errors.ts';
import { fingerprint, settled } from './idempotency.ts';
import { newId } from './ids.ts';
import { isTerminal, transition } from './lifecycle.ts';
import type { JobQueue, Store } from './ports.ts';
import type { JobRow } from './rows.ts';
import type { Created, JobService, Validation } from './services.ts';
import { validateJob } from './validate-job.ts';

interface Dependencies {
  store: Store;
  queue: Pick<JobQueue, 'add' | 'remove'>;
  /** Hears of a message that could not be sent: no harm, since the sweeper sends it. */
  onQueueError: (error: unknown, jobId: string) => void;
}

export function createJobService({ store, queue, onQueueError }: Dependencies): JobService {
  return { validate, create, cancel };

  async function validate(projectId: string, spec: JobSpec): Promise<Validation> {
    const dataset = await store.datasets.get(spec.data.dataset, projectId);
    return validateJob(spec, schemaOf(dataset, spec), await parentModel(store, projectId, spec));
  }

  async function create(projectId: string, spec: JobSpec, idempotencyKey?: string): Promise<Created<JobRow>> {
    const insert = (inside: Store) => insertJob(inside, projectId, spec);
    const { answer: jobId, replayed } =
      idempotencyKey === undefined
        ? { answer: await store.transaction(insert), replayed: false }
        : settled(
            await store.idempotent(
              { projectId, key: idempotencyKey, operation: 'createJob', fingerprint: fingerprint(spec) },
              insert,
            ),
          );
    const row = await found(store, projectId, jobId);
    // Committed first, enqueued after: the queue only says “look”.
    if (!replayed)
      await withQueue(jobId, () => queue.add({ jobId, attempt: row.attempt }, { priority: row.priority }));
    return { row, replayed };
  }

  async function cancel(projectId: string, jobId: string): Promise<JobRow> {
    await found(store, projectId, jobId);
    const before = await store.transaction(async (inside) => {
      const job = (await inside.jobs.lock(jobId))!;
      if (isTerminal(job.status))
        throw new TrainyardError('conflict', `The job has already ended as ${job.status}`);
      if (job.status === 'cancelling') return job;
      const to: JobStatus = hasRun(job.status) ? 'cancelling' : 'cancelled';
      await transition(inside, job, { to, reason: 'cancelled by request' });
      return job;
    });
    if (!hasRun(before.status))
      await withQueue(jobId, () => queue.remove({ jobId, attempt: before.attempt }));
    return found(store, projectId, jobId);
  }

  async function withQueue(jobId: string, work: () => Promise<void>): Promise<void> {
    await work().catch((error) => onQueueError(error, jobId));
  }
}

/** Whether a worker is at a job of this status. */
function hasRun(status: JobStatus): boolean {
  return status === 'running' || status === 'pausing' || status === 'cancelling';
}

async function insertJob(inside: Store, projectId: string, spec: JobSpec): Promise<string> {
  const dataset = await inside.datasets.lockForUse(spec.data.dataset, projectId);
  if (spec.model.from) await inside.models.lockForUse(spec.model.from.model, projectId);
  validateJob(spec, schemaOf(dataset, spec), await parentModel(inside, projectId, spec));
  const now = new Date();
  const job: JobRow = {
    id: newId('job'),
    projectId,
    datasetId: spec.data.dataset,
    name: spec.name ?? null,
    labels: spec.labels,
    spec,
    priority: spec.priority,
    status: 'queued',
    statusDetail: 'waiting for a worker',
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
    parentModelId: spec.model.from?.model ?? null,
    createdAt: now,
    queuedAt: now,
    startedAt: null,
    finishedAt: null,
    version: 1,
  };
  await inside.jobs.insert(job);
  await inside.events.append(job.id, 'status', { from: null, to: 'queued', reason: 'created' });
  return job.id;
}

/** What the model is that a spec builds on. */
async function parentModel(
  store: Store,
  projectId: string,
  { model: { from } }: JobSpec,
): Promise<ParentModel | undefined> {
  if (!from) return undefined;
  const structure = await store.models.structureOf(from.model, projectId);
  if (structure) return parentOf(structure.network, structure.preprocess);
  const message = (await store.models.get(from.model, projectId))
    ? `the model “${from.model}” was made by a version that kept too little of it; train it anew`
    : `there is no model “${from.model}”`;
  throw new TrainyardError('invalidSpec', message, { errors: [{ pointer: '/model/from/model', message }] });
}

function schemaOf(dataset: { schema: DatasetSchema } | null, spec: JobSpec): DatasetSchema {
  if (dataset) return dataset.schema;
  const message = `there is no data set “${spec.data.dataset}”`;
  throw new TrainyardError('invalidSpec', message, { errors: [{ pointer: '/data/dataset', message }] });
}

async function found(store: Store, projectId: string, jobId: string): Promise<JobRow> {
  const job = await store.jobs.get(jobId, projectId);
  if (!job) throw new TrainyardError('notFound', `There is no job “${jobId}”`);
  return job;
}
