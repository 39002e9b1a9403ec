import { TrainyardError } from './errors.ts';
import { afterEndOf, isTerminal, transition, WAITING_FOR_WORKER } from './lifecycle.ts';
import type { JobPatch, Store } from './ports.ts';
import type { JobRow } from './rows.ts';

/** A job that is to be put back, and the one whose model it waits for. Both rows are locked. */
export interface LockedJob {
  readonly job: JobRow;
  readonly awaited: JobRow | null;
}

/** Locks a job that is there. The one that it waits for comes first: locks go down the chain only. */
export async function lockWithAwaited(inside: Store, jobId: string): Promise<LockedJob> {
  const { waitsFor } = (await inside.jobs.get(jobId))!;
  const awaited = waitsFor === null ? null : await inside.jobs.lock(waitsFor);
  return { job: (await inside.jobs.lock(jobId))!, awaited };
}

/**
 * Puts a job that stands still to where it may begin: into the queue, or to its wait for another's model. What it
 * needs may have been deleted while it had ended, or not be made yet.
 * @throws TrainyardError conflict
 */
export async function putBack(
  inside: Store,
  { job, awaited }: LockedJob,
  reason: string,
  patch: JobPatch = {},
): Promise<void> {
  if (!(await inside.datasets.lockForUse(job.datasetId, job.projectId)))
    throw new TrainyardError('conflict', `The data set “${job.datasetId}” of the job was deleted`);
  const attempt = job.attempt + 1;
  if (awaited && job.parentModelId === null && !isTerminal(awaited.status)) {
    const statusDetail = `waiting for the job “${awaited.name ?? awaited.id}”`;
    await transition(inside, job, { to: 'waiting', reason, patch: { ...patch, attempt, statusDetail } });
    return;
  }
  const parentModelId = job.parentModelId ?? (awaited && modelOf(awaited));
  if (parentModelId !== null && !(await inside.models.lockForUse(parentModelId, job.projectId)))
    throw new TrainyardError(
      'conflict',
      `The model “${parentModelId}”, which the job builds on, was deleted`,
    );
  const queued = { attempt, parentModelId, queuedAt: new Date(), statusDetail: WAITING_FOR_WORKER };
  await transition(inside, job, { to: 'queued', reason, patch: { ...patch, ...queued } });
}

/** @throws TrainyardError conflict where the job has ended without a model */
function modelOf(awaited: JobRow): string {
  const { to, reason, patch } = afterEndOf(awaited);
  if (to === 'queued') return patch!.parentModelId!;
  const remedy = awaited.status === 'succeeded' ? '' : '; retry that one first';
  throw new TrainyardError('conflict', `${reason.replace(/^t/, 'T')}${remedy}`);
}
