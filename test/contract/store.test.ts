import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { migrate } from '../../src/adapters/db/migrate.ts';
import { createStore } from '../../src/adapters/db/store.ts';
import { startEmbeddedPostgres } from '../../src/adapters/embedded/postgres.ts';
import { createTestDatabase } from '../postgres.ts';
import { events } from './store/events.ts';
import { fencing } from './store/fencing.ts';
import { lists } from './store/lists.ts';
import { metrics } from './store/metrics.ts';
import { outages } from './store/outages.ts';
import { pipelines } from './store/pipelines.ts';
import type { Subject } from './store/rows.ts';
import { rowsSurvive } from './store/rows-survive.ts';
import { transactions } from './store/transactions.ts';
import { webhooks } from './store/webhooks.ts';

/** What the `Store` port promises, kept by every Postgres that Trainyard runs on. */

interface Database {
  url: string;
  drop(): Promise<void>;
}

async function embeddedDatabase(): Promise<Database> {
  const home = await mkdtemp(join(tmpdir(), 'trainyard-store-'));
  const server = await startEmbeddedPostgres({ home, notice: () => {} });
  await migrate(server.url);
  return {
    url: server.url,
    async drop() {
      await server.stop();
      await rm(await realpath(join(home, 'postgres')), { recursive: true });
      await rm(home, { recursive: true });
    },
  };
}

const databases: [string, () => Promise<Database>][] = [
  ['a Postgres server', createTestDatabase],
  ['the embedded Postgres', embeddedDatabase],
];

describe.each(databases)('The store on %s', (_name, createDatabase) => {
  const subject = {} as Subject;
  let database: Database;

  beforeAll(async () => {
    database = await createDatabase();
    subject.url = database.url;
    subject.store = await createStore({ url: database.url, poolSize: 6 });
  });
  afterAll(async () => {
    await subject.store?.close();
    await database?.drop();
  });

  describe('rows', () => rowsSurvive(subject));
  describe('fences', () => fencing(subject));
  describe('metrics', () => metrics(subject));
  describe('events', () => events(subject));
  describe('transactions', () => transactions(subject));
  describe('lists', () => lists(subject));
  describe('pipelines', () => pipelines(subject));
  describe('webhooks', () => webhooks(subject));
  describe('outages', () => outages(subject));
});
