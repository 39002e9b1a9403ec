import type { JobQueue } from '../../jobs/ports.ts';
import { openBullQueue } from './bull-queue.ts';
import type { ConsumerTimings } from './consumer.ts';
import { type OnError, rateLimited } from './error-reporter.ts';
import { postgresBackend } from './postgres.ts';
import { redisBackend } from './redis.ts';

export interface QueueOptions extends Partial<ConsumerTimings> {
  /** Where the queue lives; without it, in the database. */
  redisUrl?: string | undefined;
  databaseUrl: string;
  name?: string;
  onError: OnError;
}

/**
 * Opens the queue, on Redis or on Postgres.
 * @throws Error when its server can't be reached
 */
export async function createQueue(options: QueueOptions): Promise<JobQueue> {
  const { redisUrl, databaseUrl, name = 'jobs', lockMs = 15_000, stalledCheckMs = 5_000, onError } = options;
  const report = rateLimited(onError);
  const timings = { lockMs, stalledCheckMs };
  return redisUrl === undefined
    ? openBullQueue(name, await postgresBackend(databaseUrl, report), timings, report)
    : openBullQueue(name, redisBackend(redisUrl, report), timings, report);
}
