import {
  createPostgresBackend,
  DEFAULT_SCHEMA,
  type PgPool,
  type PostgresConnectionOptions,
  type PostgresQueueBackend,
  runMigrations,
  withBackend,
} from 'bullmq';
import pg from 'pg';
import type { Backend } from './backend.ts';
import { deadline } from './deadline.ts';

/** A consumer holds one connection to listen on, so this serves one consumer and what goes on beside it. */
const POOL_SIZE = 4;
const TIMEOUT_MS = 5_000;

/** BullMQ on Postgres, in a schema of its own, which is made and brought up to date first. */
export async function postgresBackend(
  url: string,
  report: (error: unknown) => void,
): Promise<Backend<PostgresQueueBackend, PostgresConnectionOptions>> {
  await migrate(url);
  const pool = new pg.Pool({
    connectionString: url,
    options: `-c search_path=${DEFAULT_SCHEMA} -c idle_in_transaction_session_timeout=${TIMEOUT_MS}`,
    max: POOL_SIZE,
    keepAlive: true,
    connectionTimeoutMillis: TIMEOUT_MS,
    query_timeout: TIMEOUT_MS,
  });
  pool.on('error', report);
  // BullMQ describes the part of a pool that it uses, in types that pg's overloads don't infer to.
  const connection = pool as PgPool;
  return {
    classes: withBackend(createPostgresBackend),
    producer: connection,
    consumer: connection,
    ping: () => pool.query('SELECT 1'),
    disconnect: () => deadline(pool.end(), TIMEOUT_MS, 'Ending the queue’s pool').catch(report),
  };
}

/** Safe to run in several processes at once: BullMQ's migrator takes an advisory lock. */
async function migrate(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: TIMEOUT_MS });
  await client.connect();
  try {
    await runMigrations(client, DEFAULT_SCHEMA);
  } finally {
    await client.end();
  }
}
