import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Timings } from '../../src/config.ts';
import { isDiskFull } from '../../src/jobs/errors.ts';
import type { BlobStore, Store } from '../../src/jobs/ports.ts';
import type { CheckpointRow } from '../../src/jobs/rows.ts';
import { createRunRecorder, type RunRecorder } from '../../src/jobs/run-recorder.ts';
import { type Claim, FenceLostError, type RunService } from '../../src/jobs/run-service.ts';
import type { Logger } from '../../src/logger.ts';
import type { Compilation } from '../../src/spec/compilation.ts';
import type { Failure } from '../../src/spec/failure.ts';
import type { StartTraining, StoredCheckpoint, TrainerMessage } from '../../src/spec/trainer.ts';
import { classifyExit, type Exit } from './classify-exit.ts';
import { createRelay } from './relay.ts';
import { superviseTime } from './supervise-time.ts';
import { startTrainer } from './trainer-process.ts';

export interface Supervision {
  readonly store: Store;
  readonly blobs: BlobStore;
  readonly runs: RunService;
  readonly timings: Timings;
  readonly backend: string;
  /** How steps are compiled; null where they are not. */
  readonly compilation: Compilation | null;
  /** Where runs have their work folders. */
  readonly workDirectory: string;
  /** What to run as the trainer, where it isn't the one beside this file. */
  readonly trainerScript?: URL;
}

type LastWord = Extract<TrainerMessage, { type: 'succeeded' | 'searched' | 'stopped' | 'failed' }>;
const LAST_WORDS: ReadonlySet<TrainerMessage['type']> = new Set([
  'succeeded',
  'searched',
  'stopped',
  'failed',
]);

function isLastWord(message: TrainerMessage): message is LastWord {
  return LAST_WORDS.has(message.type);
}

/**
 * Runs a claimed job in a trainer child from start to end: relays what it tells, asks it to stop when the job is
 * to (or `drain` says so), kills it when it doesn't, and says why it ended. This process only waits, so the
 * queue's lock and the run's heartbeat are always renewed.
 */
export async function superviseRun(
  claim: Claim,
  supervision: Supervision,
  logger: Logger,
  drain: AbortSignal,
): Promise<void> {
  const workDirectory = join(supervision.workDirectory, claim.run.id);
  try {
    await train(claim, supervision, workDirectory, logger, drain).catch((error) =>
      giveBack(claim, supervision, error, logger),
    );
  } catch (error) {
    if (!(error instanceof FenceLostError)) throw error;
    logger.warn('Another run has taken the job over; this one ends');
  } finally {
    await rm(workDirectory, { recursive: true, force: true });
  }
}

/** What the run needs could not be had from the disk. */
class NotStartedError extends Error {
  override readonly name = 'NotStartedError';
}

/** The run could not begin, or what the trainer told could not be kept: not the job's fault, and it may pass. */
async function giveBack(claim: Claim, { runs }: Supervision, error: unknown, logger: Logger): Promise<void> {
  if (error instanceof FenceLostError) throw error;
  logger.error({ err: error }, 'The run’s files could not be read or kept');
  const failure: Failure = { code: 'storage', message: faultOf(error), retryable: true };
  const relay = createRelay<LastWord>(
    () => runs.fail(claim, failure),
    () => {},
  );
  relay.push({ type: 'failed', failure });
  await relay.drained();
}

function faultOf(error: unknown): string {
  if (error instanceof NotStartedError) {
    return isDiskFull(error.cause)
      ? 'The disk is full: the run could not begin'
      : 'The files that the run needs could not be got ready';
  }
  return isDiskFull(error)
    ? 'The disk is full: what the run produced could not be stored'
    : 'What the run produced could not be stored';
}

async function train(
  claim: Claim,
  supervision: Supervision,
  workDirectory: string,
  logger: Logger,
  drain: AbortSignal,
): Promise<void> {
  const recorder = createRunRecorder(supervision, claim);
  const logPath = join(workDirectory, 'trainer.log');
  let lastWord: LastWord | null = null;

  const relay = createRelay(recorder.record, () => trainer.kill());
  const command = await startCommand(claim, supervision, workDirectory).catch((cause) => {
    throw new NotStartedError('the run could not begin', { cause });
  });
  const trainer = startTrainer(command, logPath, onMessage, supervision.trainerScript);
  const watch = superviseTime({ claim, supervision, trainer, drain, logger });

  function onMessage(message: TrainerMessage): void {
    watch.heard();
    if (isLastWord(message)) lastWord = message;
    else relay.push(message);
  }

  try {
    const exit = await trainer.exit;
    const ending = lastWord ?? watch.verdict() ?? died(exit);
    if (await hasContent(logPath)) relay.push(trainerLog(logPath));
    await relay.drained();
    if (watch.fenceLost()) throw new FenceLostError(`run ${claim.run.id} has been taken over`);
    await conclude(claim, supervision, recorder, ending, logger);
  } catch (error) {
    await recorder
      .abandon()
      .catch((err) => logger.warn({ err }, 'What the run left in the blobs stays there'));
    throw error;
  } finally {
    // Until all is written the run is alive, whatever the database makes us wait.
    watch.end();
  }
}

/** A trainer that ended without a last word. */
function died(exit: Exit): LastWord {
  return { type: 'failed', failure: classifyExit(exit) };
}

async function conclude(
  claim: Claim,
  { runs }: Supervision,
  recorder: RunRecorder,
  ending: LastWord,
  logger: Logger,
): Promise<void> {
  const relay = createRelay<LastWord>(record, () => {});
  relay.push(ending);
  await relay.drained();
  logger.info(
    { ending: ending.type, ...(ending.type === 'failed' && { failure: ending.failure }) },
    'The run ended',
  );

  async function record(message: LastWord): Promise<void> {
    if (message.type === 'stopped') return runs.stop(claim);
    if (message.type === 'failed') return runs.fail(claim, message.failure);
    return recorder.record(message);
  }
}

async function hasContent(path: string): Promise<boolean> {
  return (await stat(path).catch(() => ({ size: 0 }))).size > 0;
}

function trainerLog(path: string): Extract<TrainerMessage, { type: 'artifact' }> {
  return { type: 'artifact', name: 'trainer.log', path, mediaType: 'text/plain; charset=utf-8' };
}

async function startCommand(
  { job, run, dataset, parent, checkpoints }: Claim,
  { blobs, backend, compilation }: Supervision,
  workDirectory: string,
): Promise<StartTraining> {
  await mkdir(workDirectory, { recursive: true });
  return {
    type: 'start',
    jobId: job.id,
    runId: run.id,
    spec: job.spec,
    dataset: { path: await blobs.localPath(dataset.blobKey), format: dataset.format, schema: dataset.schema },
    ...(parent && { parentPath: await blobs.localPath(parent.blobKey) }),
    checkpoints: await Promise.all(checkpoints.map((row) => stored(row, blobs))),
    workDirectory,
    backend,
    ...(compilation && { compilation }),
  };
}

/** A blob's key is the hash of what was stored. */
async function stored(
  { id, stage, step, blobKey }: CheckpointRow,
  blobs: BlobStore,
): Promise<StoredCheckpoint> {
  const path = await blobs.localPath(blobKey).catch(() => null);
  return { id, stage, step, path, sha256: blobKey };
}
