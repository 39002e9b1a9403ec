import type { JobSpec } from '../spec/job.ts';
import type { RetryRequest } from '../spec/retry.ts';
import { discardBlob } from './blob-keeping.ts';
import { cancelJob } from './cancel-job.ts';
import { TrainyardError } from './errors.ts';
import { onceAKey } from './idempotency.ts';
import { insertJob } from './insert-job.ts';
import { isTerminal } from './lifecycle.ts';
import { pauseJob } from './pause-job.ts';
import type { BlobStore, JobQueue, Store } from './ports.ts';
import { lockParent, schemaOf, storedParent } from './prerequisites.ts';
import type { ProjectLimits } from './project-limits.ts';
import { lockWithAwaited } from './put-back.ts';
import { resumeJob } from './resume-job.ts';
import { retryJob } from './retry-job.ts';
import type { JobRow } from './rows.ts';
import type { Created, JobService, Validation } from './services.ts';
import { type OnQueueError, tellLeft, tellQueued } from './tell-queue.ts';
import { validateJob } from './validate-job.ts';

interface Dependencies {
  store: Store;
  queue: Pick<JobQueue, 'add' | 'remove'>;
  blobs: BlobStore;
  limits: ProjectLimits;
  onQueueError: OnQueueError;
}

export function createJobService(dependencies: Dependencies): JobService {
  const { store, queue, blobs, limits, onQueueError } = dependencies;
  return { validate, create, cancel, pause, resume, retry };

  async function validate(projectId: string, spec: JobSpec): Promise<Validation> {
    const dataset = await store.datasets.get(spec.data.dataset, projectId);
    return validateJob(spec, schemaOf(dataset, spec), await storedParent(store, projectId, spec));
  }

  async function create(projectId: string, spec: JobSpec, idempotencyKey?: string): Promise<Created<JobRow>> {
    const request = { projectId, operation: 'createJob', key: idempotencyKey, content: spec };
    const { answer: jobId, replayed } = await onceAKey(store, request, (inside) =>
      insertValid(inside, projectId, spec, limits),
    );
    const row = await found(store, projectId, jobId);
    if (!replayed) await tellQueued(queue, row, onQueueError);
    return { row, replayed };
  }

  function cancel(projectId: string, jobId: string): Promise<JobRow> {
    return halt(projectId, jobId, async (inside, job) => {
      if (isTerminal(job.status))
        throw new TrainyardError('conflict', `The job has already ended as ${job.status}`);
      return cancelJob(inside, job);
    });
  }

  function pause(projectId: string, jobId: string): Promise<JobRow> {
    return halt(projectId, jobId, pauseJob);
  }

  /** @param work tells whether the job has left the queue */
  async function halt(
    projectId: string,
    jobId: string,
    work: (inside: Store, job: JobRow) => Promise<boolean>,
  ): Promise<JobRow> {
    await found(store, projectId, jobId);
    const { job, leftQueue } = await store.transaction(async (inside) => {
      const job = (await inside.jobs.lock(jobId))!;
      return { job, leftQueue: await work(inside, job) };
    });
    if (leftQueue) await tellLeft(queue, job, onQueueError);
    return found(store, projectId, jobId);
  }

  async function resume(projectId: string, jobId: string): Promise<JobRow> {
    await found(store, projectId, jobId);
    await store.transaction(async (inside) => {
      await limits.checkQueue(inside, projectId, 1);
      await resumeJob(inside, await lockWithAwaited(inside, jobId));
    });
    return enqueued(projectId, jobId);
  }

  async function retry(projectId: string, jobId: string, request: RetryRequest): Promise<JobRow> {
    await found(store, projectId, jobId);
    const outdated = await store.transaction(async (inside) => {
      await limits.checkQueue(inside, projectId, 1);
      return retryJob(inside, await lockWithAwaited(inside, jobId), request);
    });
    // All is committed: content that stays behind is only room.
    for (const key of outdated) await discardBlob(store, blobs, key).catch(() => {});
    return enqueued(projectId, jobId);
  }

  async function enqueued(projectId: string, jobId: string): Promise<JobRow> {
    const job = await found(store, projectId, jobId);
    if (job.status === 'queued') await tellQueued(queue, job, onQueueError);
    return job;
  }
}

async function insertValid(
  inside: Store,
  projectId: string,
  spec: JobSpec,
  limits: ProjectLimits,
): Promise<string> {
  const dataset = await inside.datasets.lockForUse(spec.data.dataset, projectId);
  await lockParent(inside, projectId, spec);
  validateJob(spec, schemaOf(dataset, spec), await storedParent(inside, projectId, spec));
  await limits.checkQueue(inside, projectId, 1);
  await limits.checkStorage(inside, projectId, 0);
  return (await insertJob(inside, spec, { projectId })).id;
}

async function found(store: Store, projectId: string, jobId: string): Promise<JobRow> {
  const job = await store.jobs.get(jobId, projectId);
  if (!job) throw new TrainyardError('notFound', `There is no job “${jobId}”`);
  return job;
}
