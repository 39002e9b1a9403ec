import { once } from 'node:events';
import { request } from 'node:http';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { jobSpec, OPERATOR_KEY, TestApi } from '../../api-server.ts';
import { ApiProcess } from '../../fuzz/service.ts';
import { createTestDatabase } from '../../postgres.ts';
import { createTestRedis, redisInstalled } from '../../redis.ts';

const MINUTE_MS = 60_000;
const WRONG = `ty_${'x'.repeat(43)}`;

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Record<string, unknown>;
}

const running: TestApi[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const api of running.splice(0)) await api.stop();
});

async function start(settings: Record<string, string>): Promise<TestApi> {
  const api = await TestApi.start(settings);
  running.push(api);
  return api;
}

/** Over a real connection, from an address of this machine. */
async function ask(
  url: string,
  path: string,
  key: string | undefined,
  { from = '127.0.0.1', headers = {} }: { from?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const authorization: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const sent = request(url + path, { localAddress: from, headers: { ...authorization, ...headers } });
  const [response] = await once(sent.end(), 'response');
  if (response.headers['content-type']?.startsWith('text/event-stream')) {
    response.destroy();
    return { status: response.statusCode, headers: response.headers, body: {} };
  }
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  const body = JSON.parse(Buffer.concat(chunks).toString());
  return { status: response.statusCode, headers: response.headers, body };
}

async function statuses(times: number, send: () => Promise<Answer>): Promise<number[]> {
  const all: number[] = [];
  for (let i = 0; i < times; i++) all.push((await send()).status);
  return all;
}

describe('a project’s requests', () => {
  it('are bounded a minute, whichever key they come with, and those of another project go on', async () => {
    const api = await start({ TRAINYARD_MAX_REQUESTS_PER_MINUTE: '5' });
    const url = await api.listen();
    const one = await api.createKey(['read'], 'busy');
    const two = await api.createKey(['admin'], 'busy');
    const other = await api.createKey(['read'], 'calm');
    vi.useFakeTimers({ toFake: ['Date'] });

    const first = await ask(url, '/v1/jobs', one);
    expect(first.headers).toMatchObject({
      'ratelimit-limit': '5',
      'ratelimit-remaining': '4',
      'ratelimit-reset': '60',
    });
    expect(await statuses(2, () => ask(url, '/v1/jobs', one))).toEqual([200, 200]);
    // What is refused for its scope, or isn’t there, was a request too.
    expect((await ask(url, '/v1/api-keys', one)).status).toBe(403);
    expect((await ask(url, '/v1/jobs/job_none', two)).headers['ratelimit-remaining']).toBe('0');

    vi.setSystemTime(Date.now() + 20_000);
    for (const key of [one, two]) {
      const refused = await ask(url, '/v1/jobs', key);
      expect(refused.status).toBe(429);
      expect(refused.headers).toMatchObject({
        'content-type': 'application/problem+json',
        'retry-after': '40',
        'ratelimit-limit': '5',
        'ratelimit-remaining': '0',
        'ratelimit-reset': '40',
      });
      expect(refused.body).toMatchObject({
        ...{ status: 429, code: 'tooManyRequests', type: '/problems/tooManyRequests' },
        detail: 'The project may send 5 requests a minute',
      });
    }
    expect((await ask(url, '/v1/jobs', other)).headers['ratelimit-remaining']).toBe('4');

    vi.setSystemTime(Date.now() + MINUTE_MS - 20_000);
    expect((await ask(url, '/v1/jobs', one)).headers['ratelimit-remaining']).toBe('4');
  });

  it('don’t keep anyone from the health and the documents, which aren’t counted', async () => {
    const api = await start({ TRAINYARD_MAX_REQUESTS_PER_MINUTE: '1' });
    const url = await api.listen();
    for (const path of ['/health/live', '/health/ready', '/openapi.json', '/problems/tooManyRequests'])
      for (let i = 0; i < 3; i++) {
        const answer = await ask(url, path, undefined);
        expect(answer.status).toBe(200);
        expect(answer.headers).not.toHaveProperty('ratelimit-limit');
      }
    expect(await statuses(2, () => ask(url, '/v1/jobs', OPERATOR_KEY))).toEqual([200, 429]);
    expect((await ask(url, '/health/live', undefined)).status).toBe(200);
  });

  it('count a stream of events once, when it is opened', async () => {
    const api = await start({ TRAINYARD_MAX_REQUESTS_PER_MINUTE: '20' });
    const url = await api.listen();
    const { id } = await api.createDataset();
    const job = (await api.post('/v1/jobs', jobSpec(id))).json();
    const left = async () =>
      Number((await ask(url, '/v1/jobs', OPERATOR_KEY)).headers['ratelimit-remaining']);
    const before = await left();
    const stream = await ask(url, job.urls.events, OPERATOR_KEY, {
      headers: { accept: 'text/event-stream' },
    });
    expect(stream.headers['ratelimit-remaining']).toBe(String(before - 1));
    expect(await left()).toBe(before - 2);
  });

  it('aren’t bounded where no bound is set', async () => {
    const api = await start({});
    const url = await api.listen();
    expect((await ask(url, '/v1/jobs', OPERATOR_KEY)).headers).not.toHaveProperty('ratelimit-limit');
  });
});

describe('an address without a valid key', () => {
  it('is bounded a minute, and its guesses aren’t compared with the operator’s key any more', async () => {
    const api = await start({ TRAINYARD_MAX_FAILED_KEYS_PER_MINUTE: '4' });
    const url = await api.listen();
    const project = await api.createKey(['read'], 'behind-the-same-address');
    vi.useFakeTimers({ toFake: ['Date'] });
    expect(await statuses(2, () => ask(url, '/v1/jobs', WRONG))).toEqual([401, 401]);
    expect(await statuses(2, () => ask(url, '/v1/jobs', undefined))).toEqual([401, 401]);
    const refused = await ask(url, '/v1/jobs', WRONG);
    expect(refused.headers).toMatchObject({ 'retry-after': '60' });
    expect(refused.headers).not.toHaveProperty('www-authenticate');
    expect(refused.body).toMatchObject({
      ...{ status: 429, code: 'tooManyRequests' },
      detail: 'Too many requests without a valid key came from this address',
    });
    expect((await ask(url, '/v1/jobs', OPERATOR_KEY)).body).toEqual({
      ...refused.body,
      instance: expect.any(String),
    });
    expect((await ask(url, '/v1/jobs', project)).status).toBe(200);
    expect((await ask(url, '/v1/jobs', OPERATOR_KEY, { from: '127.0.0.2' })).status).toBe(200);

    vi.setSystemTime(Date.now() + MINUTE_MS);
    expect((await ask(url, '/v1/jobs', OPERATOR_KEY)).status).toBe(200);
  });

  it('is who its connection comes from, or who a trusted proxy says', async () => {
    const forwarded = (n: number) => ({ headers: { 'x-forwarded-for': `203.0.113.${n}` } });
    const alone = await start({ TRAINYARD_MAX_FAILED_KEYS_PER_MINUTE: '1' });
    const behind = await start({
      TRAINYARD_MAX_FAILED_KEYS_PER_MINUTE: '1',
      TRAINYARD_TRUSTED_PROXIES: '127.0.0.2, 10.0.0.0/8',
    });
    const [url, proxied] = [await alone.listen(), await behind.listen()];
    expect((await ask(url, '/v1/jobs', WRONG, forwarded(1))).status).toBe(401);
    expect((await ask(url, '/v1/jobs', WRONG, forwarded(2))).status).toBe(429);
    const from = '127.0.0.2';
    expect((await ask(proxied, '/v1/jobs', WRONG, { from, ...forwarded(1) })).status).toBe(401);
    expect((await ask(proxied, '/v1/jobs', WRONG, { from, ...forwarded(2) })).status).toBe(401);
    expect((await ask(proxied, '/v1/jobs', WRONG, { from, ...forwarded(2) })).status).toBe(429);
    // Nobody else is believed.
    expect((await ask(proxied, '/v1/jobs', WRONG, forwarded(3))).status).toBe(401);
    expect((await ask(proxied, '/v1/jobs', WRONG, forwarded(4))).status).toBe(429);
  });
});

async function keyOf(api: ApiProcess, project: string): Promise<string> {
  const made = await api.ask({
    ...{ method: 'POST', path: '/v1/api-keys' },
    headers: { authorization: `Bearer ${OPERATOR_KEY}`, 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify({ name: 'k', scopes: ['read'], project })),
  });
  return JSON.parse(made.body).secret;
}

describe.skipIf(!redisInstalled)('several API processes on one Redis', () => {
  it('count together; while Redis is away all is let through, and quickly', { timeout: 60_000 }, async () => {
    const redis = await createTestRedis();
    const database = await createTestDatabase();
    const settings = {
      REDIS_URL: redis.url,
      TRAINYARD_MAX_REQUESTS_PER_MINUTE: '6',
      TRAINYARD_MAX_FAILED_KEYS_PER_MINUTE: '3',
    };
    const apis = [
      await ApiProcess.start(database.url, settings),
      await ApiProcess.start(database.url, settings),
    ];
    const get = (n: number, key: string) =>
      apis[n % 2]!.ask({
        ...{ method: 'GET', path: '/v1/jobs', body: undefined },
        headers: { authorization: `Bearer ${key}` },
      });
    const each = async (times: number, key: string) => {
      const answers = [];
      for (let i = 0; i < times; i++) answers.push(await get(i, key));
      return answers.map(({ status, milliseconds }) => ({ status, slow: milliseconds > 1_500 }));
    };
    const count = (answers: { status: number }[], status: number) =>
      answers.filter((answer) => answer.status === status).length;
    try {
      // Both are connected once both have counted.
      for (const n of [0, 1])
        await vi.waitFor(async () =>
          expect((await get(n, OPERATOR_KEY)).headers).toHaveProperty('ratelimit-limit'),
        );
      const secret = await keyOf(apis[0]!, 'shared');
      expect(count(await each(10, secret), 200)).toBe(6);
      const refused = await get(1, secret);
      expect(refused.headers['ratelimit-limit']).toBe('6');
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(50);
      const guesses = await each(8, WRONG);
      expect([count(guesses, 401), count(guesses, 429)]).toEqual([3, 5]);

      await redis.stop('SIGKILL');
      const away = await each(12, secret);
      expect(away).toEqual(away.map(() => ({ status: 200, slow: false })));
      expect(count(await each(8, WRONG), 401)).toBe(8);
      await redis.start();
      for (const n of [0, 1])
        await vi.waitFor(
          async () => expect((await get(n, secret)).headers).toHaveProperty('ratelimit-limit'),
          { timeout: 10_000, interval: 200 },
        );
    } finally {
      for (const api of apis) await api.stop();
      await database.drop();
      await redis.drop();
    }
  });
});
