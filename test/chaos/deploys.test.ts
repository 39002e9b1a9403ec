import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { query } from '../postgres-server.ts';
import { redisInstalled } from '../redis.ts';
import { QUICK } from '../timings.ts';
import { carryOut, type Outcome } from './carry-out.ts';
import { Client } from './client.ts';
import { differencesOf } from './verdict.ts';
import { WholeService } from './whole-service.ts';
import { prepareWorks } from './works.ts';

/** A new version is rolled out while users work. */

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

/** Beyond its grace a worker takes so long to store the checkpoint, give the job back and close. */
const CLOSING_MS = 6_000;
const WORKER_MS = Number(QUICK.TRAINYARD_CANCEL_GRACE_MS) + CLOSING_MS;
/** An API lets requests end for 10 s. */
const API_MS = 12_000;

let service: WholeService;
let client: Client;
beforeAll(async () => {
  service = await WholeService.start({ redis: redisInstalled, apis: 2, workers: 2 });
  client = new Client(service.urls);
});
afterAll(() => service?.stop());

it('a rolling restart under load loses nothing, and counts as nobody’s fault', async () => {
  const { url } = service.postgres;
  const works = await prepareWorks(client);
  const expected = new Map<string, Outcome[]>();
  for (const work of works.slice(0, 3))
    expected.set(work.name, await carryOut(client, url, work, 'undisturbed'));

  let over = false;
  const users = works.slice(0, 3).map(async (work) => {
    const differences: string[] = [];
    for (let turn = 0; !over; turn++) {
      const outcomes = await carryOut(client, url, work, `turn-${turn}`);
      for (const [i, outcome] of outcomes.entries()) {
        const entry = { name: work.name, outcome, expected: expected.get(work.name)![i]! };
        differences.push(...differencesOf(entry));
      }
    }
    return differences;
  });
  for (const program of [...service.apis, ...service.workers]) {
    const { code, milliseconds } = await program.deploy();
    expect(code).toBe(0);
    expect(milliseconds).toBeLessThan(service.apis.includes(program) ? API_MS : WORKER_MS);
    await program.ready();
  }
  over = true;
  expect((await Promise.all(users)).flat()).toEqual([]);
  expect(client.faults).toEqual([]);
  const [runs] = await query<{ stopped: number; failed: number; faults: number }>(
    url,
    `SELECT count(*) FILTER (WHERE status = 'stopped')::int AS stopped,
            count(*) FILTER (WHERE status IN ('failed', 'lost'))::int AS failed,
            (SELECT sum(faults)::int FROM job) AS faults FROM run`,
  );
  expect(runs).toMatchObject({ failed: 0, faults: 0 });
  expect(runs!.stopped).toBeGreaterThan(0);
});
