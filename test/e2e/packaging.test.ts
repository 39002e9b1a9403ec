import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { validate } from 'dockerfile-utils';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTestDatabase } from '../postgres.ts';
import { createTestRedis, freePort, redisInstalled, type TestRedis } from '../redis.ts';
import { Builder, Image } from './image.ts';
import { root, type Started } from './started-service.ts';

const DOCKERFILES = ['docker/api.Dockerfile', 'docker/worker.Dockerfile', 'docker/worker.gpu.Dockerfile'];
const COMPOSE = '/usr/bin/docker-compose';
const SECRETS = {
  TRAINYARD_OPERATOR_KEY: 'an-operator-key-for-tests',
  TRAINYARD_INTERNAL_TOKEN: 'an-internal-token-for-tests',
  POSTGRES_PASSWORD: 'a-password-for-tests',
};

describe('the Dockerfiles', () => {
  it.each(DOCKERFILES)('%s has nothing that a linter finds', (file) => {
    const faults = validate(readFileSync(join(root, file), 'utf8'));
    expect(faults.map(({ message, range }) => `${range.start.line + 1}: ${message}`)).toEqual([]);
  });
});

describe.skipIf(!existsSync(COMPOSE))('docker-compose.yml', () => {
  function config(environment: Record<string, string>, ...args: string[]): string {
    const env = { PATH: process.env.PATH!, ...environment };
    return execFileSync(COMPOSE, args, { cwd: root, env, encoding: 'utf8', stdio: 'pipe' });
  }

  it('has api, worker, redis and postgres, and a GPU worker for those who ask', () => {
    const services = config(SECRETS, 'config', '--services').trim().split('\n').sort();
    expect(services).toEqual(['api', 'postgres', 'redis', 'worker', 'worker-gpu']);
    const profiles = config(SECRETS, 'config').match(/^ {2}\S+:|^ {4}profiles:\n {4}- gpu/gm)!;
    expect(profiles[profiles.indexOf('  worker-gpu:') + 1]).toMatch(/profiles/);
    expect(profiles.filter((it) => it.includes('profiles'))).toHaveLength(1);
  });

  it.each(Object.keys(SECRETS))('refuses to start without %s', (name) => {
    expect(() => config({ ...SECRETS, [name]: '' }, 'config')).toThrow(`set ${name}`);
  });
});

describe.skipIf(!redisInstalled)('what the images run, on Redis and Postgres', () => {
  const builder = new Builder();
  const started: Started[] = [];
  let redis: TestRedis;
  let environment: Record<string, string>;
  let dropDatabase: () => Promise<void>;
  let api: Image;
  let worker: Image;
  let url: string;

  beforeAll(async () => {
    api = await Image.build('docker/api.Dockerfile', builder);
    worker = await Image.build('docker/worker.Dockerfile', builder);
    redis = await createTestRedis();
    const database = await createTestDatabase();
    dropDatabase = database.drop;
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    environment = {
      DATABASE_URL: database.url,
      REDIS_URL: redis.url,
      PORT: String(port),
      TRAINYARD_HOME: join(builder.folder, 'data'),
      // The machine's name need not resolve outside a container.
      TRAINYARD_PREDICTOR_HOST: '127.0.0.1',
      ...SECRETS,
    };
  }, 300_000);

  afterAll(async () => {
    for (const service of started) service.process.kill('SIGKILL');
    await Promise.all(started.map((service) => service.ended));
    await dropDatabase?.();
    await redis?.drop();
    builder.remove();
  });

  async function ask(
    path: string,
    init: RequestInit = {},
  ): Promise<{ status: number; body: Record<string, unknown> }> {
    const authorization = `Bearer ${SECRETS.TRAINYARD_OPERATOR_KEY}`;
    const response = await fetch(url + path, { ...init, headers: { authorization, ...init.headers } });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  function post(path: string, body: unknown) {
    return ask(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  }

  it('is unhealthy before it is started', async () => {
    expect(await api.isHealthy(environment)).toBe(false);
    expect(await worker.isHealthy(environment)).toBe(false);
  });

  it('becomes healthy, and lets nobody in without a key', async () => {
    started.push(api.start(environment), worker.start(environment));
    for (const image of [api, worker])
      await vi.waitUntil(() => image.isHealthy(environment), { timeout: 20_000, interval: 500 });
    expect((await fetch(`${url}/v1/jobs`)).status).toBe(401);
  });

  it('trains and predicts', async () => {
    const csv = readFileSync(join(root, 'examples/data/concrete.csv'), 'utf8');
    const headers = { 'content-type': 'text/csv' };
    const dataset = await ask('/v1/datasets?name=concrete', { method: 'POST', headers, body: csv });
    const { body: job } = await post('/v1/jobs', {
      data: { dataset: dataset.body.id, target: 'strength' },
      model: {
        layers: [
          { type: 'dense', units: 8 },
          { type: 'dropout', rate: 0.1 },
        ],
      },
      stages: [{ epochs: 2 }],
    });
    const modelId = await vi.waitUntil(async () => (await ask(`/v1/jobs/${job.id}`)).body.modelId, {
      timeout: 20_000,
      interval: 200,
    });
    const answer = await post(`/v1/models/${modelId}/predictions`, {
      inputs: [[540, 0, 0, 162, 2.5, 1040, 676, 28]],
      mcDropout: { samples: 20 },
    });
    expect(answer.body).toMatchObject({ samplesUsed: 20, predictions: [{ mean: expect.any(Number) }] });
  });

  it('ends by itself on SIGTERM', async () => {
    for (const service of started) service.process.kill('SIGTERM');
    const codes = await Promise.all(started.map(async (service) => (await service.ended).code));
    expect(codes).toEqual([0, 0]);
  });
});
