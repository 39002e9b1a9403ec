import type { JobQueue, Store } from './ports.ts';
import type { RunService } from './run-service.ts';

interface Dependencies {
  store: Store;
  queue: Pick<JobQueue, 'add'>;
  runs: Pick<RunService, 'giveUpLost'>;
  leaseMs: number;
}

/** A message that is on its way is left alone for this long. */
const QUEUED_MS = 5_000;
const AT_ONCE = 100;

/**
 * Mends what fell between Postgres and the queue, or with a worker: messages of queued jobs are added again
 * (which does nothing where they are still there), and runs whose worker fell silent are given up. Several
 * sweepers at once do no harm.
 */
export function createSweeper({ store, queue, runs, leaseMs }: Dependencies): { sweep(): Promise<void> } {
  let unreachableAt = Number.NEGATIVE_INFINITY;

  return {
    async sweep() {
      await checkReachable();
      // While the database was away no heartbeat could be written: their silence says nothing of the runs.
      if (Date.now() - unreachableAt > leaseMs) await giveUpLost(new Date(Date.now() - leaseMs));
      for (const job of await store.jobs.queuedBefore(new Date(Date.now() - QUEUED_MS), AT_ONCE)) {
        await queue.add({ jobId: job.id, attempt: job.attempt }, { priority: job.priority });
      }
    },
  };

  async function checkReachable(): Promise<void> {
    await store.ping().catch((error) => {
      unreachableAt = Date.now();
      throw error;
    });
  }

  async function giveUpLost(silentSince: Date): Promise<void> {
    for (const job of await store.jobs.silentSince(silentSince, AT_ONCE)) {
      await runs.giveUpLost(job.id, silentSince);
    }
  }
}
