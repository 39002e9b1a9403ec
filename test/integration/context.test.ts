import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { createContext } from '../../src/context.ts';
import { createTestDatabase } from '../postgres.ts';

let home: string;
let database: Awaited<ReturnType<typeof createTestDatabase>>;
let environment: Record<string, string>;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'trainyard-context-'));
  database = await createTestDatabase();
  environment = {
    TRAINYARD_HOME: home,
    DATABASE_URL: database.url,
    TRAINYARD_INTERNAL_TOKEN: 'a-token-of-the-test',
    LOG_LEVEL: 'silent',
  };
});
afterEach(async () => {
  await database.drop();
  await rm(home, { recursive: true });
});

/** How many connections there are to the test's database, besides the one that asks. */
async function connections(): Promise<number> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const { rows } = await client.query(
    `SELECT count(*)::int AS count FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid()`,
  );
  await client.end();
  return rows[0].count;
}

test('the API’s and the worker’s contexts open on one database at once, and leave nothing open', async () => {
  const config = loadConfig(environment);
  const contexts = await Promise.all([createContext(config), createContext(config)]);
  for (const { store, queue, blobs } of contexts) {
    await store.ping();
    await queue.ping();
    await blobs.ping();
  }
  expect(await connections()).toBeGreaterThan(0);
  await Promise.all(contexts.map((context) => context.close()));
  await expect.poll(connections).toBe(0);
});

test('what was opened is closed again when the rest can’t be', async () => {
  const config = loadConfig({ ...environment, REDIS_URL: 'redis://127.0.0.1:1' });
  await expect(createContext(config)).rejects.toThrow('Connecting to the queue');
  await expect.poll(connections).toBe(0);
});

test.each(['DATABASE_URL', 'TRAINYARD_INTERNAL_TOKEN'])('says that %s is missing', async (variable) => {
  const config = loadConfig({ ...environment, [variable]: '' });
  await expect(createContext(config)).rejects.toThrow(`${variable}: must be set`);
});
