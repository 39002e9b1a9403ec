import type { JobStatus } from '../spec/resource/job.ts';
import type { JobPatch, Store } from './ports.ts';
import type { JobRow } from './rows.ts';

/**
 * The one place that says how a job's status may change; nothing else writes a status.
 * docs/state-machine.md is drawn from this table.
 *
 * A job that is being cancelled ends as cancelled, whatever its trainer still says: the user was told so.
 * One that is being paused may end first. A retry leads out of an end, and only a retry: docs/adr/0014.
 */
export const TRANSITIONS: Readonly<Record<JobStatus, readonly JobStatus[]>> = {
  waiting: ['queued', 'paused', 'failed', 'cancelled'],
  queued: ['running', 'paused', 'cancelled'],
  running: ['succeeded', 'failed', 'queued', 'pausing', 'cancelling'],
  pausing: ['paused', 'succeeded', 'failed', 'cancelling'],
  paused: ['queued', 'waiting', 'cancelled'],
  cancelling: ['cancelled'],
  succeeded: [],
  failed: ['queued', 'waiting'],
  cancelled: ['queued', 'waiting'],
};

const ENDS: readonly JobStatus[] = ['succeeded', 'failed', 'cancelled'];

export const WAITING_FOR_WORKER = 'waiting for a worker';
/** The project runs as many jobs as it may. */
export const WAITING_FOR_PROJECT = 'waiting for another job of the project to end';

export function isTerminal(status: JobStatus): boolean {
  return ENDS.includes(status);
}

export function mayBecome(from: JobStatus, to: JobStatus): boolean {
  return TRANSITIONS[from].includes(to);
}

export interface Transition {
  readonly to: JobStatus;
  readonly reason: string;
  readonly patch?: JobPatch;
}

/**
 * Writes a status with its event. `inside` is a transaction's store, and `job` the row locked in it. The end of a job
 * is that of the wait of those that wait for it: they move in the same transaction.
 * @returns the jobs that its end has queued: the queue is to be told once the transaction is committed
 * @throws Error for a transition that the table lacks: the caller is to look before
 */
export async function transition(
  inside: Store,
  job: JobRow,
  { to, reason, patch = {} }: Transition,
): Promise<JobRow[]> {
  if (!mayBecome(job.status, to)) throw new Error(`a job that is ${job.status} can’t become ${to}`);
  await inside.jobs.setStatus(job.id, to, { ...settled(to), ...patch });
  await inside.events.append(job.id, 'status', {
    from: job.status,
    to,
    attempt: patch.attempt ?? job.attempt,
    reason,
    ...(patch.failure && { failure: patch.failure }),
  });
  return isTerminal(to) ? endWaits(inside, { ...job, ...patch, status: to }) : [];
}

/** What no longer holds of a job that nobody works at, nor will of itself. */
function settled(to: JobStatus): JobPatch {
  if (isTerminal(to)) return { finishedAt: new Date(), statusDetail: null, etaSeconds: null };
  return to === 'paused' ? { statusDetail: null, etaSeconds: null } : {};
}

/** Locks go down the chain only, from a job to those that wait for it, so no two transactions wait for each other. */
async function endWaits(inside: Store, ended: JobRow): Promise<JobRow[]> {
  const queued: JobRow[] = [];
  for (const job of await inside.jobs.lockWaiting(ended.id)) {
    const next = afterEndOf(ended);
    await transition(inside, job, next);
    if (next.to === 'queued') queued.push({ ...job, ...next.patch, status: next.to });
  }
  return queued;
}

/** What becomes of a job that waited for this one's model. */
export function afterEndOf({ id, name, status, modelId }: JobRow): Transition {
  const awaited = `the job “${name ?? id}”`;
  if (status === 'cancelled')
    return { to: 'cancelled', reason: `${awaited}, whose model it waited for, was cancelled` };
  if (status === 'succeeded' && modelId !== null) {
    const patch = { parentModelId: modelId, queuedAt: new Date(), statusDetail: WAITING_FOR_WORKER };
    return { to: 'queued', reason: `${awaited} has made the model ${modelId}`, patch };
  }
  const message = `${awaited}, whose model it waited for, ${status === 'failed' ? 'failed' : 'made none'}`;
  const failure = { code: 'dependencyFailed', message, retryable: false } as const;
  return { to: 'failed', reason: message, patch: { failure } };
}
