import { afterAll, beforeAll, expect, test } from 'vitest';
import { createStore } from '../../src/adapters/db/store.ts';
import type { Store } from '../../src/jobs/ports.ts';
import type { JobRow } from '../../src/jobs/rows.ts';
import { fillWithRows } from '../many-rows.ts';
import { faultsOf, Plans } from '../plans.ts';
import { createTestDatabase } from '../postgres.ts';
import { HOT_READS } from './hot-reads.ts';

/** What a service with years of jobs reads all the time reads no table through. */

const AMOUNT = { jobs: 100_000, metrics: 10_000_000, queued: 1_000 };

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let store: Store;
let plans: Plans;
let projectId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  plans = await Plans.of(database.url);
  store = await createStore({ url: database.url, poolSize: 1 });
  projectId = await store.projects.ensure('default');
  await fillWithRows(database.url, projectId, AMOUNT);
}, 600_000);
afterAll(async () => {
  await store?.close();
  await database?.drop();
});

test.each(HOT_READS)('%s: by an index, in no more than a few pages a row', async (_, read) => {
  const told = await plans.during(() => read(store, projectId));
  expect(told.length).toBeGreaterThan(0);
  expect(told.flatMap(faultsOf)).toEqual([]);
});

test('A page of the queue is read without those before it', async () => {
  const pages: JobRow[][] = [];
  const told = await plans.during(async () => {
    do pages.push(await store.jobs.queuedBefore(new Date(), 100, pages.at(-1)?.at(-1)));
    while (pages.at(-1)!.length > 0);
  });
  expect(pages.flat()).toHaveLength(AMOUNT.queued);
  for (const { nodes } of told) expect(Math.max(...nodes.map(({ rows }) => rows))).toBeLessThanOrEqual(100);
});
