import type { Failure } from '../spec/failure.ts';
import type { JobStatus } from '../spec/resource/job.ts';
import type { RunStatus } from '../spec/resource/run.ts';
import { newId } from './ids.ts';
import { type Transition, transition, WAITING_FOR_PROJECT, WAITING_FOR_WORKER } from './lifecycle.ts';
import type { JobMessage, JobPatch, JobQueue, Store } from './ports.ts';
import type { ProjectLimits } from './project-limits.ts';
import type { CheckpointRow, DatasetRow, JobRow, ModelRow, RunRow } from './rows.ts';
import { type OnQueueError, tellQueued } from './tell-queue.ts';

/** A run that a worker has taken on, with all that it starts from. */
export interface Claim {
  readonly job: JobRow;
  readonly run: RunRow;
  readonly dataset: DatasetRow;
  /** The model that the job builds on. */
  readonly parent: ModelRow | null;
  /** Newest first. */
  readonly checkpoints: readonly CheckpointRow[];
  /** How long earlier runs of the job have taken, since it was created or retried. */
  readonly spentMs: number;
}

/** Another run has taken the job over: what this one says no longer counts. */
export class FenceLostError extends Error {
  override readonly name = 'FenceLostError';
}

export interface RunService {
  /** Takes a job on as a new run; null where the message is out of date or the job has a run, alive or not. */
  claim(message: JobMessage, workerId: string): Promise<Claim | null>;
  /** Runs `work` in a transaction that holds the job's row. @throws FenceLostError */
  write<T>(claim: Claim, work: (inside: Store, job: JobRow) => Promise<T>): Promise<T>;
  /** Ends the run; the job fails, or is queued again where the failure may pass and retries are left. */
  fail(claim: Claim, failure: Failure): Promise<void>;
  /** Ends a run that left off because it was asked to; the job goes where it was being sent, or back to the queue. */
  stop(claim: Claim): Promise<void>;
  /** Tells the queue of jobs that a committed transaction has queued. */
  enqueue(jobs: readonly JobRow[]): Promise<void>;
  /** Gives up a run whose worker was silent for longer than the lease. Whether there was one. */
  giveUpLost(jobId: string, silentSince: Date): Promise<boolean>;
}

interface Dependencies {
  store: Store;
  queue: Pick<JobQueue, 'add'>;
  limits: Pick<ProjectLimits, 'freeToRun'>;
  onQueueError: OnQueueError;
}

const LOST: Failure = {
  code: 'workerLost',
  message: 'The worker that ran the job vanished',
  retryable: true,
};

export function createRunService(dependencies: Dependencies): RunService {
  const { store, queue, limits, onQueueError } = dependencies;
  async function write<T>(claim: Claim, work: (inside: Store, job: JobRow) => Promise<T>): Promise<T> {
    return store.transaction(async (inside) => {
      const job = await inside.jobs.lock(claim.job.id);
      if (job?.fence !== claim.run.fence) throw new FenceLostError(`run ${claim.run.id} has been taken over`);
      return work(inside, job);
    });
  }

  function enqueue({ job, attempt, delayMs }: Next): Promise<void> {
    return tellQueued(queue, { ...job, attempt }, onQueueError, delayMs);
  }

  return {
    write,

    claim: (message, workerId) => store.transaction((inside) => begin(inside, message, workerId, limits)),

    async fail(claim, failure) {
      const next = await write(claim, (inside, job) =>
        end(inside, job, { run: claim.run, status: 'failed', failure, reason: failure.message }),
      );
      if (next) await enqueue(next);
    },

    async stop(claim) {
      const next = await write(claim, (inside, job) =>
        end(inside, job, { run: claim.run, status: 'stopped', failure: null, reason: 'the run was stopped' }),
      );
      if (next) await enqueue(next);
    },

    async enqueue(jobs) {
      for (const job of jobs) await tellQueued(queue, job, onQueueError);
    },

    async giveUpLost(jobId, silentSince) {
      const outcome = await store.transaction(async (inside) => {
        const job = await inside.jobs.lock(jobId);
        const run = job && (await inside.runs.list(jobId)).find(({ status }) => status === 'running');
        if (!job || !run || run.heartbeatAt >= silentSince) return null;
        await inside.events.append(jobId, 'sweep', gaveUp(run));
        return { next: await end(inside, job, { run, status: 'lost', failure: LOST, reason: LOST.message }) };
      });
      if (outcome?.next) await enqueue(outcome.next);
      return outcome !== null;
    },
  };
}

function gaveUp({ id: runId, workerId, heartbeatAt }: RunRow): Record<string, unknown> {
  const silentSeconds = Math.round((Date.now() - heartbeatAt.getTime()) / 1_000);
  const reason = `its worker has been silent for ${silentSeconds} s`;
  return { action: 'gaveUp', runId, workerId, reason };
}

async function begin(
  inside: Store,
  message: JobMessage,
  workerId: string,
  limits: Pick<ProjectLimits, 'freeToRun'>,
): Promise<Claim | null> {
  const projectId = (await inside.jobs.get(message.jobId))?.projectId;
  if (projectId === undefined) return null;
  // Before the job's row is locked: every lock of a project comes before those of its jobs.
  const mayRun = (await limits.freeToRun(inside, projectId)) > 0;
  const job = await inside.jobs.lock(message.jobId);
  if (job?.status !== 'queued' || job.attempt !== message.attempt) return null;
  if (!mayRun) {
    await inside.jobs.setProgress(job.id, job.fence, { statusDetail: WAITING_FOR_PROJECT });
    return null; // the sweeper sends it again when another of the project's jobs has left room
  }
  const dataset = await inside.datasets.get(job.datasetId);
  const parent = job.parentModelId && (await inside.models.get(job.parentModelId, job.projectId));
  const now = new Date();
  const run: RunRow = {
    id: newId('run'),
    jobId: job.id,
    attempt: job.attempt,
    fence: job.fence + 1,
    status: 'running',
    workerId,
    device: null,
    resumedFromStep: null,
    failure: null,
    heartbeatAt: now,
    startedAt: now,
    finishedAt: null,
  };
  await inside.runs.insert(run);
  await transition(inside, job, {
    to: 'running',
    reason: `attempt ${job.attempt} began`,
    patch: { fence: run.fence, startedAt: job.startedAt ?? now, statusDetail: 'starting', failure: null },
  });
  await inside.events.append(job.id, 'run', {
    runId: run.id,
    attempt: run.attempt,
    status: run.status,
    workerId,
  });
  const checkpoints = await inside.checkpoints.list(job.id);
  const earlier = (await inside.runs.list(job.id)).filter(({ id }) => id !== run.id);
  return {
    job: { ...job, status: 'running', fence: run.fence, startedAt: job.startedAt ?? now },
    run,
    dataset: dataset!,
    parent: parent || null,
    checkpoints,
    spentMs: timeOf(earlier, job.startedAt),
  };
}

/** Of the runs since then; the time between them doesn't count. */
function timeOf(runs: readonly RunRow[], since: Date | null): number {
  const counted = since === null ? [] : runs.filter(({ startedAt }) => startedAt >= since);
  const times = counted.map(
    ({ startedAt, finishedAt }) => (finishedAt ?? startedAt).getTime() - startedAt.getTime(),
  );
  return times.reduce((total, time) => total + time, 0);
}

interface Ending {
  run: RunRow;
  status: Exclude<RunStatus, 'running' | 'succeeded'>;
  failure: Failure | null;
  reason: string;
}

/** A message to send once the transaction has committed. */
interface Next {
  job: JobRow;
  attempt: number;
  delayMs: number;
}

/**
 * Ends a run that did not succeed, and moves its job on: where it was being sent, to the queue, or to its failure.
 * The fence moves too, so that whatever still speaks for the run is refused.
 */
async function end(
  inside: Store,
  job: JobRow,
  { run, status, failure, reason }: Ending,
): Promise<Next | null> {
  await endRun(inside, run, status, failure);
  if (job.stage !== null) await inside.stages.finish(job.id, job.fence, job.stage, status, job.step ?? 0);
  const fence = job.fence + 1;
  const faults = job.faults + (failure === null ? 0 : 1);
  const to = destination(job.status, failure, faults <= job.spec.retries);
  const queued =
    to === 'queued'
      ? { attempt: job.attempt + 1, queuedAt: new Date(), statusDetail: WAITING_FOR_WORKER }
      : {};
  const failed = to === 'failed' ? { failure } : {};
  const next: Transition = { to, reason, patch: { fence, faults, etaSeconds: null, ...queued, ...failed } };
  await transition(inside, job, next);
  if (to !== 'queued') return null;
  return { job, attempt: job.attempt + 1, delayMs: failure ? backoffMs(faults) : 0 };
}

function destination(status: JobStatus, failure: Failure | null, retriesLeft: boolean): JobStatus {
  if (status === 'cancelling') return 'cancelled';
  const ends = failure !== null && !(failure.retryable && retriesLeft);
  if (ends) return 'failed';
  return status === 'pausing' ? 'paused' : 'queued';
}

/** 1 s, 2 s, 4 s, … up to half a minute. */
function backoffMs(faults: number): number {
  return Math.min(30_000, 500 * 2 ** faults);
}

/**
 * The end of a run whose job has its model, inside a fenced write: the last event of the job.
 * @returns the jobs that waited for it and are queued now
 */
export async function endSucceeded(
  inside: Store,
  job: JobRow,
  run: RunRow,
  patch: JobPatch,
): Promise<JobRow[]> {
  await endRun(inside, run, 'succeeded', null);
  return transition(inside, job, { to: 'succeeded', reason: 'training is done', patch });
}

/** The end of a run that came too late with its success: its job was being cancelled. */
export async function endCancelled(inside: Store, job: JobRow, run: RunRow): Promise<void> {
  await endRun(inside, run, 'stopped', null);
  await transition(inside, job, { to: 'cancelled', reason: 'the run was stopped' });
}

async function endRun(inside: Store, run: RunRow, status: RunStatus, failure: Failure | null): Promise<void> {
  await inside.runs.finish(run.id, status, failure);
  const { id: runId, attempt } = run;
  await inside.events.append(run.jobId, 'run', { runId, attempt, status, ...(failure && { failure }) });
}
