import { watchDatabase } from './database-watch.ts';
import { WAITING_FOR_PROJECT } from './lifecycle.ts';
import type { JobMessage, JobQueue, Store } from './ports.ts';
import type { ProjectLimits } from './project-limits.ts';
import type { JobRow } from './rows.ts';
import type { RunService } from './run-service.ts';

interface Dependencies {
  store: Store;
  queue: Pick<JobQueue, 'add' | 'has'>;
  runs: Pick<RunService, 'giveUpLost'>;
  limits: Pick<ProjectLimits, 'freeToRun'>;
  leaseMs: number;
}

/** A message that is on its way is left alone for this long. */
const QUEUED_MS = 5_000;
/** Rows that are read at once; a sweep goes on until it has seen all. */
const AT_ONCE = 100;

/**
 * Mends what fell between Postgres and the queue, or with a worker: messages of queued jobs that are gone are added
 * again, and runs whose worker fell silent are given up; each is an event of its job. Jobs that their project's limit
 * held back are sent again once there is room. Several sweepers at once do no harm.
 */
export function createSweeper({ store, queue, runs, limits, leaseMs }: Dependencies): {
  sweep(): Promise<void>;
} {
  // Of what was before it began it knows nothing.
  const database = watchDatabase(store, Date.now());

  return {
    async sweep() {
      await database.check();
      // No heartbeat could be written while it was away.
      if (!database.wasAwayWithin(leaseMs)) await giveUpLost(new Date(Date.now() - leaseMs));
      await sendAgain(new Date(Date.now() - QUEUED_MS));
    },
  };

  async function giveUpLost(silentSince: Date): Promise<void> {
    for (let more = true; more; ) {
      const jobs = await store.jobs.silentSince(silentSince, AT_ONCE);
      let given = 0;
      for (const job of jobs) if (await runs.giveUpLost(job.id, silentSince)) given++;
      // Whoever is given up is silent no more; where none was, another sweeper is at them.
      more = jobs.length === AT_ONCE && given > 0;
    }
  }

  async function sendAgain(queuedBefore: Date): Promise<void> {
    const free = new Map<string, number>();
    let last: JobRow | undefined;
    do {
      const jobs: JobRow[] = await store.jobs.queuedBefore(queuedBefore, AT_ONCE, last);
      for (const job of jobs) {
        if (job.statusDetail === WAITING_FOR_PROJECT) await sendHeld(job, free);
        else await sendLost(job);
      }
      last = jobs.length === AT_ONCE ? jobs.at(-1) : undefined;
    } while (last);
  }

  /** @param free how many more jobs of each project may run, as far as it was asked for in this sweep */
  async function sendHeld(job: JobRow, free: Map<string, number>): Promise<void> {
    const { projectId, priority } = job;
    const room =
      free.get(projectId) ?? (await store.transaction((inside) => limits.freeToRun(inside, projectId)));
    free.set(projectId, room - 1);
    if (room > 0) await queue.add(messageOf(job), { priority });
  }

  async function sendLost(job: JobRow): Promise<void> {
    const message = messageOf(job);
    if (await queue.has(message)) return;
    await queue.add(message, { priority: job.priority });
    await store.transaction(async (inside) => {
      const now = await inside.jobs.lock(job.id);
      if (now?.status !== 'queued' || now.attempt !== job.attempt) return;
      const reason = 'its message was not in the queue';
      await inside.events.append(job.id, 'sweep', { action: 'requeued', attempt: job.attempt, reason });
    });
  }
}

function messageOf({ id: jobId, attempt }: JobRow): JobMessage {
  return { jobId, attempt };
}
