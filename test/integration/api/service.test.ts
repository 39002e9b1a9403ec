import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { INTERNAL_TOKEN, OPERATOR_KEY, TestApi } from '../../api-server.ts';
import { type Line, lineTo } from '../../outage.ts';
import { createTestDatabase } from '../../postgres.ts';

describe('while the database can’t be reached', () => {
  let api: TestApi;
  let line: Line;
  beforeAll(async () => {
    api = await TestApi.start({}, async (url) => {
      line = await lineTo(url);
      return line.url;
    });
  });
  afterAll(async () => {
    await api.stop();
    await line.cut();
  });

  it('the service lives, isn’t ready, says so by name only, and is back by itself', async () => {
    const get = (url: string) => api.app.inject(url);
    expect((await get('/health/ready')).json()).toEqual({ status: 'ok' });
    await line.cut();
    expect((await get('/health/live')).json()).toEqual({ status: 'ok' });
    const ready = await get('/health/ready');
    expect(ready.json()).toMatchObject({ status: 503, code: 'unavailable' });
    expect(ready.json().detail).toMatch(/^Not ready: database(, queue)?$/);
    expect(ready.headers['retry-after']).toBe('5');
    const jobs = await api.get('/v1/jobs');
    expect(jobs.json()).toMatchObject({ status: 503, code: 'unavailable' });
    expect(jobs.body).not.toMatch(/ECONN|127\.0\.0\.1|prisma|SELECT/i);

    await line.mend();
    await expect.poll(async () => (await get('/health/ready')).statusCode, { timeout: 20_000 }).toBe(200);
    expect((await api.get('/v1/jobs')).statusCode).toBe(200);
  });

  it('blobs that can’t be written show too', async () => {
    await rm(join(api.home, 'blobs'), { recursive: true });
    expect((await api.app.inject('/health/ready')).json().detail).toBe('Not ready: blobs');
  });
});

describe('the process', () => {
  let database: Awaited<ReturnType<typeof createTestDatabase>>;
  let home: string;
  beforeAll(async () => {
    database = await createTestDatabase();
    home = await mkdtemp(join(tmpdir(), 'trainyard-test-'));
  });
  afterAll(async () => {
    await database.drop();
    await rm(home, { recursive: true });
  });

  function start(settings: Record<string, string> = {}): ChildProcess {
    return fork(new URL('../../../dist/apps/api/main.js', import.meta.url), {
      env: {
        PATH: process.env.PATH!,
        DATABASE_URL: database.url,
        TRAINYARD_HOME: home,
        TRAINYARD_INTERNAL_TOKEN: INTERNAL_TOKEN,
        TRAINYARD_OPERATOR_KEY: OPERATOR_KEY,
        PORT: '0',
        ...settings,
      },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
  }

  async function started(): Promise<{ service: ChildProcess; url: string; log: () => string }> {
    const service = start();
    let log = '';
    for (const stream of [service.stdout!, service.stderr!]) stream.on('data', (chunk) => (log += chunk));
    const [message] = (await once(service, 'message')) as [{ type: string; url: string }];
    expect(message.type).toBe('ready');
    return { service, url: message.url, log: () => log };
  }

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'tells its parent where it listens, and ends on %s',
    async (signal) => {
      const { service, url, log } = await started();
      const authorization = `Bearer ${OPERATOR_KEY}`;
      expect((await fetch(`${url}/v1/jobs`, { headers: { authorization } })).status).toBe(200);
      service.kill(signal);
      expect(await once(service, 'exit')).toEqual([0, null]);
      expect(log()).toContain('/v1/jobs');
      expect(log()).not.toContain(OPERATOR_KEY);
      expect(log()).not.toContain(INTERNAL_TOKEN);
    },
  );

  it('ends when its parent is gone', async () => {
    const { service } = await started();
    service.disconnect();
    expect(await once(service, 'exit')).toEqual([0, null]);
  });

  it('refuses to start beyond loopback without a key, and says which variable', async () => {
    const service = start({ HOST: '0.0.0.0', TRAINYARD_OPERATOR_KEY: '' });
    let errors = '';
    service.stderr!.on('data', (chunk) => (errors += chunk));
    expect(await once(service, 'close')).toEqual([1, null]);
    expect(errors).toContain('TRAINYARD_OPERATOR_KEY');
    expect(errors).not.toMatch(/\n\s+at /);
  });
});
