import type { RetryRequest } from '../spec/retry.ts';
import { TrainyardError } from './errors.ts';
import { transition } from './lifecycle.ts';
import type { JobPatch, Store } from './ports.ts';
import { type LockedJob, putBack } from './put-back.ts';
import type { CheckpointRow, JobRow } from './rows.ts';

/**
 * Opens a failed or cancelled job again (docs/adr/0014): it goes on from a checkpoint, and what came after that is
 * forgotten. Those that failed for want of its model wait for it again. `inside` is a transaction's store.
 * @returns the keys of the blobs that its forgotten checkpoints had, to be discarded after the commit
 * @throws TrainyardError conflict, invalidRequest for a checkpoint that isn't kept
 */
export async function retryJob(inside: Store, locked: LockedJob, request: RetryRequest): Promise<string[]> {
  const { job } = locked;
  refuseUnlessLost(job);
  const checkpoints = await inside.checkpoints.list(job.id);
  const from = chosen(checkpoints, request);
  const later = from ? checkpoints.slice(0, checkpoints.indexOf(from)) : checkpoints;
  await forgetAfter(inside, job.id, from, later);
  await putBack(inside, locked, `retried from ${placeOf(from)}`, { ...afresh(job), ...place(from, later) });
  await waitAgain(inside, job);
  return later.map(({ blobKey }) => blobKey);
}

function refuseUnlessLost({ status }: JobRow): void {
  if (status === 'failed' || status === 'cancelled') return;
  const why =
    status === 'succeeded'
      ? 'The job has succeeded; send its spec as a new job to train once more'
      : `The job is ${status}: only a failed or a cancelled job can be retried`;
  throw new TrainyardError('conflict', why);
}

/** Null for the start. */
function chosen(
  newestFirst: readonly CheckpointRow[],
  { checkpoint, from }: RetryRequest,
): CheckpointRow | null {
  if (from === 'start') return null;
  if (checkpoint === undefined) return newestFirst[0] ?? null;
  const found = newestFirst.find(({ id }) => id === checkpoint);
  if (found) return found;
  const message = `the job keeps no checkpoint “${checkpoint}”`;
  throw new TrainyardError('invalidRequest', `/checkpoint: ${message}`, {
    errors: [{ pointer: '/checkpoint', message }],
  });
}

/** Else a run that is lost before its first checkpoint would go on from one that was left behind. */
async function forgetAfter(
  inside: Store,
  jobId: string,
  from: CheckpointRow | null,
  later: readonly CheckpointRow[],
): Promise<void> {
  await inside.checkpoints.delete(later.map(({ id }) => id));
  await inside.metrics.deleteAfter(jobId, from ?? { stage: 0, step: 0 });
  await inside.stages.deleteAfter(jobId, from?.stage ?? 0);
}

/** A new fence, so that a late word of the run that ended is refused; and time and faults are counted anew. */
function afresh({ fence }: JobRow): JobPatch {
  return { fence: fence + 1, faults: 0, failure: null, startedAt: null, finishedAt: null };
}

function place(from: CheckpointRow | null, later: readonly CheckpointRow[]): JobPatch {
  if (from === null) return { stage: null, epoch: null, step: null, progress: 0, metrics: {} };
  const { stage, epoch, step } = from;
  return { stage, epoch, step, ...(later.length > 0 && { metrics: {} }) };
}

function placeOf(from: CheckpointRow | null): string {
  return from ? `the checkpoint ${from.id} (stage ${from.stage}, step ${from.step})` : 'the start';
}

/** All down the chain. One whose data set was deleted since stays as it is. */
async function waitAgain(inside: Store, awaited: JobRow): Promise<void> {
  const name = `the job “${awaited.name ?? awaited.id}”`;
  for (const job of await inside.jobs.lockFailedWaiting(awaited.id)) {
    if (!(await inside.datasets.lockForUse(job.datasetId, job.projectId))) continue;
    const patch = { ...afresh(job), attempt: job.attempt + 1, statusDetail: `waiting for ${name}` };
    await transition(inside, job, {
      to: 'waiting',
      reason: `${name}, whose model it waits for, was retried`,
      patch,
    });
    await waitAgain(inside, job);
  }
}
