import { TrainyardError } from './errors.ts';
import type { Store } from './ports.ts';

/** What each project may have at once; undefined where it isn't bounded. */
export interface LimitsPerProject {
  /** Jobs that a worker is at. */
  readonly runningJobs: number | undefined;
  /** Jobs that are queued, or wait for another job's model. */
  readonly queuedJobs: number | undefined;
  /** Of data sets, models, checkpoints and artifacts; content that stands twice counts once. */
  readonly storedBytes: number | undefined;
}

/** A queue doesn't empty faster. */
const RETRY_AFTER_SECONDS = 10;

/**
 * Holds projects to their limits. Each asks inside the transaction that adds what it asks for, and until that ends
 * nobody else of the project is answered; a limit that isn't set costs nothing.
 */
export interface ProjectLimits {
  /** @throws TrainyardError tooManyJobs */
  checkQueue(inside: Store, projectId: string, jobs: number): Promise<void>;
  /** @param bytes to be added @throws TrainyardError storageFull */
  checkStorage(inside: Store, projectId: string, bytes: number): Promise<void>;
  /** How many more jobs may run now; infinite without a limit. */
  freeToRun(inside: Store, projectId: string): Promise<number>;
}

export function createProjectLimits(limits: LimitsPerProject): ProjectLimits {
  const { runningJobs, queuedJobs, storedBytes } = limits;
  return {
    async checkQueue(inside, projectId, jobs) {
      if (queuedJobs === undefined) return;
      await inside.projects.lock(projectId);
      const queued = await inside.jobs.count(projectId, ['queued', 'waiting']);
      if (queued + jobs <= queuedJobs) return;
      const detail = `The project has ${queued} jobs in the queue, and may have ${queuedJobs}`;
      throw new TrainyardError('tooManyJobs', detail, { retryAfterSeconds: RETRY_AFTER_SECONDS });
    },

    async checkStorage(inside, projectId, bytes) {
      if (storedBytes === undefined) return;
      await inside.projects.lock(projectId);
      const stored = await inside.projects.storedBytes(projectId);
      if (stored + bytes <= storedBytes) return;
      const wish = bytes > 0 ? `, and these are ${bytes} more` : '';
      const detail = `The project stores ${stored} of the ${storedBytes} bytes that it may${wish}. Delete data sets or models that it no longer needs`;
      throw new TrainyardError('storageFull', detail);
    },

    async freeToRun(inside, projectId) {
      if (runningJobs === undefined) return Number.POSITIVE_INFINITY;
      await inside.projects.lock(projectId);
      return runningJobs - (await inside.jobs.count(projectId, ['running', 'pausing', 'cancelling']));
    },
  };
}
