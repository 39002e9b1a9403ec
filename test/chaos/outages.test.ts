import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { JobResource } from '../../src/spec/resource/job.ts';
import { query } from '../postgres-server.ts';
import { computedSeconds, trainerOf } from '../processes.ts';
import { redisInstalled } from '../redis.ts';
import { carryOut, type Outcome } from './carry-out.ts';
import { Client } from './client.ts';
import { empty } from './soak/faults.ts';
import { regression } from './specs.ts';
import { differencesOf } from './verdict.ts';
import { WholeService } from './whole-service.ts';
import { job, upload, type Work } from './works.ts';

/** What the service stands on goes away while a job trains, and comes back. */

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

/** Longer than any lock and lease; `TRAINYARD_CHAOS_AWAY_MS=60000` makes it a minute. */
const AWAY_MS = Number(process.env.TRAINYARD_CHAOS_AWAY_MS ?? 15_000);
/** Connecting is given up after 5 s. */
const ANSWERS_WITHIN_MS = 8_000;

describe.skipIf(!redisInstalled)('with the queue on Redis', () => outages(true));
describe('with the queue on Postgres', () => outages(false));

function outages(redis: boolean): void {
  let service: WholeService;
  let client: Client;
  let work: Work;
  let undisturbed: Outcome;
  let asked = 0;

  beforeAll(async () => {
    // On a busy machine a heartbeat may come late, and a run be given up that nothing struck.
    service = await WholeService.start({ redis, settings: { TRAINYARD_LEASE_MS: '6000' } });
    client = new Client(service.urls);
    const spec = regression(await upload(client, 'concrete.csv'), 80, { retries: 5 });
    work = job(client, 'regression', spec);
    [undisturbed] = (await carryOut(client, service.postgres.url, work, 'undisturbed')) as [Outcome];
    expect(undisturbed.status).toBe('succeeded');
  });
  afterAll(() => service?.stop());

  /** Carries the work out, and disturbs it once it trains. */
  async function carriedOut(disturb: (trainer: number) => Promise<unknown>): Promise<Outcome> {
    const carrying = carryOut(client, service.postgres.url, work, `${asked++}`);
    const trains = await vi.waitUntil(
      async () => {
        const { data } = await client.json<{ data: JobResource[] }>('/v1/jobs?status=running');
        return (data[0]?.step ?? 0) > 100;
      },
      { timeout: 60_000 },
    );
    expect(trains).toBe(true);
    const [busy] = await query<{ pid: number }>(
      service.postgres.url,
      `SELECT pid FROM worker JOIN run ON worker.id = worker_id WHERE status = 'running'`,
    );
    await disturb(await trainerOf(busy!));
    const [outcome] = await carrying;
    return outcome!;
  }

  function expectEqual(outcome: Outcome): void {
    expect(differencesOf({ name: work.name, outcome, expected: undisturbed })).toEqual([]);
    expect(client.faults).toEqual([]);
  }

  async function asksMeanwhile(): Promise<void> {
    const since = performance.now();
    const answer = (await client.try('/v1/jobs'))!;
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    expect(answer.headers.get('content-type')).toMatch('application/problem+json');
    expect(performance.now() - since).toBeLessThan(ANSWERS_WITHIN_MS);
    expect((await client.try('/health/live'))!.status).toBe(200);
    expect((await client.try('/health/ready'))!.status).toBe(503);
  }

  it('Postgres is away for long: training goes on, every answer says when to come again, nothing is lost', async () => {
    const outcome = await carriedOut(async (trainer) => {
      await service.postgres.stop();
      try {
        const before = await computedSeconds(trainer);
        for (const until = Date.now() + AWAY_MS; Date.now() < until; await sleep(1_000))
          await asksMeanwhile();
        const after = await computedSeconds(trainer);
        // It may have ended by now: what it has told waits in its worker.
        expect(after === null || after - before! > 0.2).toBe(true);
      } finally {
        await service.postgres.start();
      }
    });
    expectEqual(outcome);
    expect(outcome.runs).toEqual(['succeeded']);
    expect((await client.ask('/health/ready')).status).toBe(200);
  });

  it.each([
    [
      'restarted',
      async () => {
        await service.postgres.stop();
        await service.postgres.start();
      },
    ],
    [
      'killed',
      async () => {
        await service.postgres.kill();
        await service.postgres.start();
      },
    ],
    [
      'asked to end every session',
      () =>
        query(
          service.postgres.url,
          'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()',
        ),
    ],
  ])('Postgres is %s: the run goes on', async (_, disturb) => {
    const outcome = await carriedOut(disturb);
    expectEqual(outcome);
    expect(outcome.runs).toEqual(['succeeded']);
  });

  if (!redis) return;

  it('Redis is away for long: jobs are taken, the running one goes on, all end', async () => {
    const posted: Promise<Outcome[]>[] = [];
    const outcome = await carriedOut(async () => {
      await service.redis!.stop();
      const since = Date.now();
      for (let i = 0; i < 3; i++)
        posted.push(carryOut(client, service.postgres.url, work, `redis-away-${i}`));
      await vi.waitUntil(async () => (await jobs('queued')) === 3, { timeout: ANSWERS_WITHIN_MS });
      await sleep(AWAY_MS - (Date.now() - since));
      await service.redis!.start();
    });
    for (const it of [outcome, ...(await Promise.all(posted)).flat()]) {
      expectEqual(it);
      expect(it.runs).toEqual(['succeeded']);
    }
  });

  it('Redis is emptied: what waits in it is queued again, which their events tell', async () => {
    const posted: Promise<Outcome[]>[] = [];
    const outcome = await carriedOut(async () => {
      for (let i = 0; i < 4; i++)
        posted.push(carryOut(client, service.postgres.url, work, `redis-empty-${i}`));
      await vi.waitUntil(async () => (await jobs('queued')) >= 3);
      await empty(service.redis!.url);
    });
    const outcomes = [outcome, ...(await Promise.all(posted)).flat()];
    for (const it of outcomes) expectEqual(it);
    const [swept] = await query<{ count: number }>(
      service.postgres.url,
      `SELECT count(DISTINCT job_id)::int AS count FROM event
       WHERE type = 'sweep' AND data->>'action' = 'requeued'`,
    );
    expect(swept!.count).toBeGreaterThanOrEqual(3);
  });

  it('Redis is killed: the run goes on', async () => {
    const outcome = await carriedOut(async () => {
      await service.redis!.stop('SIGKILL');
      await service.redis!.start();
    });
    expectEqual(outcome);
    expect(outcome.runs).toEqual(['succeeded']);
  });

  async function jobs(status: string): Promise<number> {
    const { data } = await client.json<{ data: JobResource[] }>(`/v1/jobs?status=${status}`);
    return data.length;
  }
}
