import type { JobStatus } from '../spec/resource/job.ts';
import type { JobPatch, Store } from './ports.ts';
import type { JobRow } from './rows.ts';

/**
 * The one place that says how a job's status may change; nothing else writes a status.
 * docs/state-machine.md is drawn from this table.
 *
 * A job that is being cancelled ends as cancelled, whatever its trainer still says: the user was told so.
 * One that is being paused may end first.
 */
export const TRANSITIONS: Readonly<Record<JobStatus, readonly JobStatus[]>> = {
  queued: ['running', 'paused', 'cancelled'],
  running: ['succeeded', 'failed', 'queued', 'pausing', 'cancelling'],
  pausing: ['paused', 'succeeded', 'failed', 'cancelling'],
  paused: ['queued', 'cancelled'],
  cancelling: ['cancelled'],
  succeeded: [],
  failed: [],
  cancelled: [],
};

export function isTerminal(status: JobStatus): boolean {
  return TRANSITIONS[status].length === 0;
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
 * Writes a status with its event. `inside` is a transaction's store, and `job` the row locked in it.
 * @throws Error for a transition that the table lacks: the caller is to look before
 */
export async function transition(
  inside: Store,
  job: JobRow,
  { to, reason, patch = {} }: Transition,
): Promise<void> {
  if (!mayBecome(job.status, to)) throw new Error(`a job that is ${job.status} can’t become ${to}`);
  const ended: JobPatch = isTerminal(to)
    ? { finishedAt: new Date(), statusDetail: null, etaSeconds: null }
    : {};
  await inside.jobs.setStatus(job.id, to, { ...ended, ...patch });
  await inside.events.append(job.id, 'status', {
    from: job.status,
    to,
    reason,
    ...(patch.failure && { failure: patch.failure }),
  });
}
