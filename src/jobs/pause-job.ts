import { TrainyardError } from './errors.ts';
import { isTerminal, transition } from './lifecycle.ts';
import type { Store } from './ports.ts';
import type { JobRow } from './rows.ts';

/**
 * Pauses a locked job: one that a worker is at is asked to stop, with a checkpoint; another stands still at once.
 * `inside` is a transaction's store.
 * @returns whether its message can be taken back from the queue, once the transaction is committed
 * @throws TrainyardError conflict
 */
export async function pauseJob(inside: Store, job: JobRow): Promise<boolean> {
  if (isTerminal(job.status)) throw conflict(`The job has already ended as ${job.status}`);
  if (job.status === 'cancelling') throw conflict('The job is being cancelled');
  if (job.status === 'pausing' || job.status === 'paused') return false;
  const to = job.status === 'running' ? 'pausing' : 'paused';
  await transition(inside, job, { to, reason: 'paused by request' });
  return job.status === 'queued';
}

function conflict(detail: string): TrainyardError {
  return new TrainyardError('conflict', detail);
}
