import { setTimeout as sleep } from 'node:timers/promises';
import type { IQueueBackend, Worker } from 'bullmq';
import { z } from 'zod';
import type { JobMessage, QueueConsumer } from '../../jobs/ports.ts';
import type { Backend } from './backend.ts';
import { deadline } from './deadline.ts';

export interface ConsumerTimings {
  /** A message whose worker hasn't renewed its lock for this long is free to be handed out again… */
  lockMs: number;
  /** …and is found by the check that every consumer makes this often, at the second look. */
  stalledCheckMs: number;
}

const Message = z.object({ jobId: z.string(), attempt: z.int() });

const CLOSE_MS = 3_000;
const RETRY_MS = 1_000;
/** How often a message may be handed out again. Not BullMQ's business: crashes are counted in our own table. */
const REDELIVERIES = 1_000_000;

/**
 * Hands out messages one at a time until closed. A handler that throws is reported and its message is gone:
 * the sweeper adds it again if the job still wants a run.
 */
export function consume<B extends IQueueBackend, C>(
  name: string,
  backend: Backend<B, C>,
  timings: ConsumerTimings,
  handle: (message: JobMessage) => Promise<void>,
  report: (error: unknown) => void,
): QueueConsumer {
  let inHand: Promise<void> | undefined;
  let worker: Pick<Worker, 'close' | 'disconnect'> | undefined;
  const closing = new AbortController();

  const process = async ({ data }: { data: unknown }): Promise<void> => {
    inHand = (async () => handle(Message.parse(data)))().catch(report);
    await inHand;
    inHand = undefined;
  };

  /** BullMQ on Postgres never gets over a failed first connection, so each try has a worker of its own. */
  const start = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      const candidate = new backend.classes.Worker<unknown, void>(name, process, {
        connection: backend.consumer,
        autorun: false,
        concurrency: 1,
        lockDuration: timings.lockMs,
        stalledInterval: timings.stalledCheckMs,
        maxStalledCount: REDELIVERIES,
        runRetryDelay: RETRY_MS,
      });
      candidate.on('error', report);
      worker = candidate;
      try {
        await candidate.waitUntilReady();
        return await candidate.run();
      } catch (error) {
        report(error);
        await candidate.disconnect().catch(report);
        await sleep(RETRY_MS, undefined, { signal: closing.signal }).catch(() => undefined);
      }
    }
  };
  void start();

  const stop = async (): Promise<void> => {
    closing.abort();
    const stopped = worker?.close() ?? Promise.resolve();
    while (!(await settles(stopped))) {
      // Either the handler still works, which it may, or the server doesn't answer.
      if (inHand === undefined) return void worker?.disconnect().catch(report);
      await inHand;
    }
  };
  let closed: Promise<void> | undefined;
  return {
    close() {
      closed ??= stop();
      return closed;
    },
  };
}

const settles = (promise: Promise<unknown>): Promise<boolean> =>
  deadline(promise, CLOSE_MS, '').then(
    () => true,
    () => false,
  );
