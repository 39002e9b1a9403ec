import type { PipelineSpec } from '../spec/pipeline.ts';
import { cancelJob } from './cancel-job.ts';
import { TrainyardError } from './errors.ts';
import { onceAKey } from './idempotency.ts';
import { newId } from './ids.ts';
import { insertJob, type Origin } from './insert-job.ts';
import { isTerminal } from './lifecycle.ts';
import { pipelineStatus } from './pipeline-status.ts';
import type { JobQueue, Store } from './ports.ts';
import { lockParent } from './prerequisites.ts';
import type { ProjectLimits } from './project-limits.ts';
import type { JobRow, PipelineRow } from './rows.ts';
import type { Created, PipelineService, PipelineValidation } from './services.ts';
import { type OnQueueError, tellLeft, tellQueued } from './tell-queue.ts';
import { validatePipeline } from './validate-pipeline.ts';

interface Dependencies {
  store: Store;
  queue: Pick<JobQueue, 'add' | 'remove'>;
  limits: ProjectLimits;
  onQueueError: OnQueueError;
}

export function createPipelineService(dependencies: Dependencies): PipelineService {
  const { store, queue, limits, onQueueError } = dependencies;
  return { validate, create, cancel };

  function validate(projectId: string, spec: PipelineSpec): Promise<PipelineValidation> {
    return validatePipeline(store, projectId, spec, (id) => store.datasets.get(id, projectId));
  }

  async function create(
    projectId: string,
    spec: PipelineSpec,
    idempotencyKey?: string,
  ): Promise<Created<PipelineRow>> {
    const request = { projectId, operation: 'createPipeline', key: idempotencyKey, content: spec };
    const { answer: id, replayed } = await onceAKey(store, request, (inside) =>
      insertPipeline(inside, projectId, spec, limits),
    );
    const row = await found(projectId, id);
    // The others follow when what they wait for has succeeded.
    const queued = replayed ? [] : row.jobs.filter(({ status }) => status === 'queued');
    for (const job of queued) await tellQueued(queue, job, onQueueError);
    return { row, replayed };
  }

  async function cancel(projectId: string, pipelineId: string): Promise<PipelineRow> {
    const { jobs } = await found(projectId, pipelineId);
    const leftQueue = await store.transaction(async (inside) => {
      const locked = await lockAll(inside, jobs);
      const status = pipelineStatus(locked);
      if (isTerminal(status))
        throw new TrainyardError('conflict', `The pipeline has already ended as ${status}`);
      return cancelAll(inside, locked);
    });
    for (const job of leftQueue) await tellLeft(queue, job, onQueueError);
    return found(projectId, pipelineId);
  }

  async function found(projectId: string, id: string): Promise<PipelineRow> {
    const pipeline = await store.pipelines.get(id, projectId);
    if (!pipeline) throw new TrainyardError('notFound', `There is no pipeline “${id}”`);
    return pipeline;
  }
}

async function insertPipeline(
  inside: Store,
  projectId: string,
  spec: PipelineSpec,
  limits: ProjectLimits,
): Promise<string> {
  for (const job of spec.jobs) await lockParent(inside, projectId, job);
  await validatePipeline(inside, projectId, spec, (id) => inside.datasets.lockForUse(id, projectId));
  await limits.checkQueue(inside, projectId, spec.jobs.length);
  await limits.checkStorage(inside, projectId, 0);
  const { name = null, labels } = spec;
  const pipelineId = newId('pipe');
  await inside.pipelines.insert({ id: pipelineId, projectId, name, labels, createdAt: new Date() });
  const jobs = new Map<string, JobRow>();
  for (const job of spec.jobs) {
    const { from } = job.model;
    const waitsFor = from && 'job' in from ? jobs.get(from.job)! : undefined;
    const origin: Origin = { projectId, pipelineId, ...(waitsFor && { waitsFor }) };
    jobs.set(job.name, await insertJob(inside, job, origin));
  }
  return pipelineId;
}

/** All before any is changed, and in their order, in which a job’s end locks those that wait for it. */
async function lockAll(inside: Store, jobs: readonly JobRow[]): Promise<JobRow[]> {
  const locked: JobRow[] = [];
  for (const { id } of jobs) locked.push((await inside.jobs.lock(id))!);
  return locked;
}

/** The last first, so that each is cancelled for itself rather than for what it waits for. */
async function cancelAll(inside: Store, jobs: readonly JobRow[]): Promise<JobRow[]> {
  const leftQueue: JobRow[] = [];
  for (const job of jobs.toReversed()) if (await cancelJob(inside, job)) leftQueue.push(job);
  return leftQueue;
}
