import type { JobStatus } from '../spec/resource/job.ts';
import { isTerminal, transition } from './lifecycle.ts';
import type { Store } from './ports.ts';
import type { JobRow } from './rows.ts';

/**
 * Cancels a locked job that may still be cancelled, and with it those that wait for it. One that a worker is at is
 * asked to stop; another ends here. `inside` is a transaction's store.
 * @returns whether its message can be taken back from the queue, once the transaction is committed
 */
export async function cancelJob(inside: Store, job: JobRow): Promise<boolean> {
  if (isTerminal(job.status) || job.status === 'cancelling') return false;
  const to: JobStatus = hasRun(job.status) ? 'cancelling' : 'cancelled';
  await transition(inside, job, { to, reason: 'cancelled by request' });
  return to === 'cancelled';
}

/** Whether a worker is at a job of this status. */
function hasRun(status: JobStatus): boolean {
  return status === 'running' || status === 'pausing';
}
