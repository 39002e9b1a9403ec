import type { IQueueBackend } from 'bullmq';
import type { JobMessage, JobQueue, QueueConsumer } from '../../jobs/ports.ts';
import type { Backend } from './backend.ts';
import { type ConsumerTimings, consume } from './consumer.ts';
import { deadline } from './deadline.ts';

const START_MS = 5_000;
const PING_MS = 1_500;
const CLOSE_MS = 3_000;

/** No ':' may stand in it: BullMQ's keys are made with that. */
const messageId = (message: JobMessage): string => `${message.jobId}.${message.attempt}`;

/**
 * The port over BullMQ. A message is removed once it is handled, whatever came of it, so the same id can be
 * added again; the truth about the job is in Postgres.
 * @throws Error when the server can't be reached
 */
export async function openBullQueue<B extends IQueueBackend, C>(
  name: string,
  backend: Backend<B, C>,
  timings: ConsumerTimings,
  report: (error: unknown) => void,
): Promise<JobQueue> {
  const queue = new backend.classes.Queue<JobMessage>(name, {
    connection: backend.producer,
    // Nothing listens to BullMQ's events: on Postgres they may be lost.
    streams: { events: { maxLen: 100 } },
  });
  queue.on('error', report);

  const consumers: QueueConsumer[] = [];
  const disconnect = async () => {
    // A consumer that outlives its connection asks for messages, and fails, without a pause.
    await Promise.all(consumers.map((consumer) => consumer.close()));
    await deadline(queue.close(), CLOSE_MS, 'Closing the queue').catch(report);
    await backend.disconnect();
  };
  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= disconnect();
    return closed;
  };
  await deadline(queue.waitUntilReady(), START_MS, 'Connecting to the queue').catch(async (error) => {
    await close();
    throw error;
  });

  return {
    async add(message, { priority, delayMs = 0 }) {
      await queue.add('job', message, {
        jobId: messageId(message),
        // BullMQ's order is ours: 0 goes before 1, first come first served within each.
        priority,
        delay: delayMs,
        removeOnComplete: true,
        removeOnFail: true,
      });
    },
    async has(message) {
      return (await queue.getJob(messageId(message))) !== undefined;
    },
    async remove(message) {
      await queue.remove(messageId(message));
    },
    consume(handle) {
      const consumer = consume(name, backend, timings, handle, report);
      consumers.push(consumer);
      return consumer;
    },
    async ping() {
      await deadline(Promise.resolve(backend.ping()), PING_MS, 'Asking after the queue');
    },
    close,
  };
}
