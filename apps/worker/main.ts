import { rm } from 'node:fs/promises';
import { availableParallelism, hostname } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../src/config.ts';
import { type Context, createContext } from '../../src/context.ts';
import { createBlobSweeper } from '../../src/jobs/blob-sweeper.ts';
import { newId } from '../../src/jobs/ids.ts';
import { createRunService } from '../../src/jobs/run-service.ts';
import { createSweeper } from '../../src/jobs/sweeper.ts';
import { every } from './every.ts';
import { hostPredictor } from './predictor-host.ts';
import { keepTrainerReady } from './ready-trainer.ts';
import { superviseRun } from './supervise-run.ts';
import { removeAbandonedWork } from './work-folders.ts';

const MOST_THREADS = 8;

/**
 * A worker: takes jobs from the queue one at a time and supervises a trainer child for each, keeps a predictor
 * child up, says by its row that it lives, sweeps, and tidies up. It never computes, so its event loop is always free.
 */
async function main(): Promise<void> {
  const context = await createContext(loadConfig());
  const drain = new AbortController();
  const work = startWork(context, drain.signal).catch(async (error) => {
    await context.close();
    throw error;
  });
  onStop(() => drain.abort());
  const { stop } = await work;
  process.send?.({ type: 'ready' });
  if (!drain.signal.aborted) await new Promise((resolve) => drain.signal.addEventListener('abort', resolve));
  await stop();
  await context.close();
}

async function startWork(context: Context, drain: AbortSignal): Promise<{ stop(): Promise<void> }> {
  const { config, store, queue, blobs, limits, logger } = context;
  const { timings, backend } = config;
  const { leaseMs } = timings;
  const id = newId('wrk');
  const startedAt = new Date();
  const runs = createRunService({
    store,
    queue,
    limits,
    onQueueError: (err, jobId) => logger.warn({ err, jobId }, 'The queue was not told; the sweeper will'),
  });
  const sweeper = createSweeper({ store, queue, runs, limits, leaseMs });
  const predictor = hostPredictor({
    blobs,
    host: config.predictorHost,
    token: config.internalToken!,
    backend,
    gemm: config.computing.executor === 'auto' ? config.computing.gemm : null,
    logger,
  });
  const { device, gemm } = await predictor.started.catch((error) => {
    predictor.stop();
    throw error;
  });

  const sayAlive = () =>
    store.workers.heartbeat({
      id,
      host: hostname(),
      pid: process.pid,
      device,
      predictorUrl: predictor.current()?.url ?? null,
      heartbeatAt: new Date(),
      startedAt,
    });
  await sayAlive();
  const workFolders = join(config.home, 'work');
  // Workers that live were silent, too, while the database was away.
  const tidyWork = () => removeAbandonedWork(store.workers, workFolders, leaseMs + timings.tidyMs);
  await tidyWork();
  const blobSweeper = createBlobSweeper({ store, blobs });
  const tidy = async () => {
    await blobSweeper.sweep();
    await tidyWork();
  };
  const onFault = (what: string) => (err: unknown) => logger.warn({ err }, what);
  const alive = every(timings.heartbeatMs, sayAlive, onFault('The worker’s heartbeat could not be written'));
  const sweeps = every(timings.sweepMs, sweeper.sweep, onFault('A sweep failed; the next one tries again'));
  const tidies = every(timings.tidyMs, tidy, onFault('What was left behind could not be cleared away'));
  const workDirectory = join(workFolders, id);
  const compilation = gemm && { threads: config.computing.threads ?? defaultThreads(), gemm: gemm.chosen };
  const preparation = { workDirectory, backend, ...(compilation && { compilation }) };
  const trainers = keepTrainerReady(preparation, logger, drain);
  const supervision = { store, blobs, runs, timings, backend, compilation, workDirectory, trainers };
  const consumer = queue.consume(async (message) => {
    const claim = await runs.claim(message, id);
    if (!claim) return;
    const log = logger.child({ jobId: claim.job.id, runId: claim.run.id });
    log.info({ attempt: claim.run.attempt }, 'A run begins');
    await superviseRun(claim, supervision, log, drain);
  });
  logger.info({ workerId: id, device, compilation, gemm }, 'The worker is ready');

  return {
    async stop() {
      await consumer.close();
      sweeps.stop();
      tidies.stop();
      alive.stop();
      predictor.stop();
      trainers.stop();
      await rm(workDirectory, { recursive: true, force: true });
      await store.workers.remove(id).catch(onFault('The worker’s row could not be removed'));
    },
  };
}

/** All cores, but no more than a batch is worth dividing among. */
function defaultThreads(): number {
  return Math.min(availableParallelism(), MOST_THREADS);
}

/** A first signal drains, a second one ends at once; the end of a parent that forked us drains too. */
function onStop(drain: () => void): void {
  let asked = false;
  const ask = () => {
    if (asked) process.exit(1);
    asked = true;
    drain();
  };
  process.on('SIGINT', ask);
  process.on('SIGTERM', ask);
  process.once('disconnect', drain);
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
