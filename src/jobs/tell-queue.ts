import type { JobQueue } from './ports.ts';
import type { JobRow } from './rows.ts';

/** Hears of a message that could not be sent: no harm, since the sweeper sends it. */
export type OnQueueError = (error: unknown, jobId: string) => void;

/** Sends a queued job's message, after the commit: the queue only says “look”. */
export function tellQueued(
  queue: Pick<JobQueue, 'add'>,
  { id: jobId, attempt, priority }: Pick<JobRow, 'id' | 'attempt' | 'priority'>,
  onError: OnQueueError,
  delayMs = 0,
): Promise<void> {
  return queue.add({ jobId, attempt }, { priority, delayMs }).catch((error) => onError(error, jobId));
}

/** Takes the message back of a job that left the queue, after the commit. */
export function tellLeft(
  queue: Pick<JobQueue, 'remove'>,
  { id: jobId, attempt }: Pick<JobRow, 'id' | 'attempt'>,
  onError: OnQueueError,
): Promise<void> {
  return queue.remove({ jobId, attempt }).catch((error) => onError(error, jobId));
}
