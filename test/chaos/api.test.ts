import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { EventResource } from '../../src/spec/resource/event.ts';
import type { JobResource } from '../../src/spec/resource/job.ts';
import { Dice } from '../fuzz/dice.ts';
import { type Line, lineTo } from '../outage.ts';
import { query } from '../postgres-server.ts';
import { createTestRedis, redisInstalled, type TestRedis } from '../redis.ts';
import { Client } from './client.ts';
import { regression } from './specs.ts';
import { WholeService } from './whole-service.ts';
import { job, upload } from './works.ts';

/** An API that dies while it takes jobs. */

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

describe('an API that is killed at any moment', () => {
  let service: WholeService;
  let client: Client;
  beforeAll(async () => {
    service = await WholeService.start({ redis: false, workers: 1 });
    client = new Client(service.urls);
  });
  afterAll(() => service?.stop());

  it('has taken each job once, whether its answer came through or not, and each ends', async () => {
    const dice = new Dice('api');
    const work = job(client, 'short', regression(await upload(client, 'concrete.csv'), 2));
    const ids: string[] = [];
    for (let i = 0; i < 8; i++) {
      const [posting] = [
        work.post(`post-${i}`),
        sleep(dice.share() * 60).then(() => service.apis[0]!.kill()),
      ];
      ids.push(...(await posting));
      await service.ready();
    }
    const rows = await query<{ id: string }>(service.postgres.url, 'SELECT id FROM job');
    expect(rows.map(({ id }) => id).sort()).toEqual([...ids].sort());
    for (const id of ids) {
      const events = await client.watch(id);
      expect(events.filter(({ data }) => data.to === 'succeeded')).toHaveLength(1);
    }
    expect(client.faults).toEqual([]);
  });
});

describe.skipIf(!redisInstalled)('an API that is killed between commit and enqueue', () => {
  let redis: TestRedis;
  let line: Line;
  let service: WholeService;
  let client: Client;
  beforeAll(async () => {
    redis = await createTestRedis();
    line = await lineTo(redis.url);
    service = await WholeService.start({ redis: false, workers: 1, settings: { REDIS_URL: line.url } });
    client = new Client(service.urls);
  });
  afterAll(async () => {
    await service?.stop();
    await line?.cut();
    await redis?.drop();
  });

  it('has the job in the database, from where the sweeper queues it; asking again makes no second one', async () => {
    const spec = regression(await upload(client, 'concrete.csv'), 2);
    line.stall();
    const question = { method: 'POST', body: spec, headers: { 'idempotency-key': 'between' } };
    const unanswered = client.try('/v1/jobs', question);
    const [committed] = await vi.waitUntil(async () => {
      const rows = await query<{ id: string; status: string }>(
        service.postgres.url,
        'SELECT id, status FROM job',
      );
      return rows.length > 0 && rows;
    });
    await service.apis[0]!.kill();
    expect(await unanswered).toBeNull();
    await line.cut();
    await line.mend();
    expect(committed!.status).toBe('queued');

    const again = await client.json<JobResource>('/v1/jobs', question);
    expect(again.id).toBe(committed!.id);
    const events: EventResource[] = await client.watch(again.id);
    expect(events.filter(({ type }) => type === 'sweep')[0]!.data).toMatchObject({ action: 'requeued' });
    expect(events.at(-1)!.data).toMatchObject({ to: 'succeeded' });
    const [rows] = await query<{ count: number }>(
      service.postgres.url,
      'SELECT count(*)::int AS count FROM job',
    );
    expect(rows!.count).toBe(1);
  });
});
