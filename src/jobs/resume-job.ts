import { TrainyardError } from './errors.ts';
import { isTerminal } from './lifecycle.ts';
import type { Store } from './ports.ts';
import { type LockedJob, putBack } from './put-back.ts';

const RETRY_AFTER_SECONDS = 1;

/**
 * Puts a paused job back; its next run goes on from the last checkpoint. `inside` is a transaction's store.
 * @throws TrainyardError conflict
 */
export async function resumeJob(inside: Store, locked: LockedJob): Promise<void> {
  const { status } = locked.job;
  if (status === 'paused') return putBack(inside, locked, 'resumed by request');
  if (status === 'pausing')
    throw new TrainyardError('conflict', 'The job is still being paused; resume it once it is', {
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    });
  const why = isTerminal(status) ? `has ended as ${status}` : `is ${status}`;
  throw new TrainyardError('conflict', `The job ${why}: only a paused job can be resumed`);
}
