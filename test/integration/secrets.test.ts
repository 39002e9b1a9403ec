import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ModelResource } from '../../src/spec/resource/model.ts';
import { INTERNAL_TOKEN, jobSpec, ROWS } from '../api-server.ts';
import { ApiProcess } from '../fuzz/service.ts';
import { TestService } from './service.ts';

/** Secrets are never logged: not by the API, nor the worker, its trainer or its predictor, at any level. */

const OPERATOR = `of the operator's own ${randomBytes(12).toString('hex')}`.replaceAll(' ', '-');

let service: TestService;
let api: ApiProcess;
let secret: string;

beforeAll(async () => {
  service = await TestService.start({ LOG_LEVEL: 'trace' });
  api = await ApiProcess.start(service.context.config.databaseUrl!, {
    TRAINYARD_HOME: service.home,
    TRAINYARD_OPERATOR_KEY: OPERATOR,
    LOG_LEVEL: 'trace',
  });
  await service.startWorker();
});
afterAll(async () => {
  await api.stop();
  await service.stop();
});

async function ask(
  method: string,
  path: string,
  body?: string | object,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: string }> {
  const type = typeof body === 'string' ? 'text/csv' : 'application/json';
  const text = typeof body === 'object' ? JSON.stringify(body) : body;
  return api.ask({
    method,
    path,
    headers: {
      authorization: `Bearer ${secret ?? OPERATOR}`,
      ...(text !== undefined && { 'content-type': type }),
      ...headers,
    },
    body: text === undefined ? undefined : Buffer.from(text),
  });
}

it('a whole life of a job, with keys in every place that one may put them, leaves none in the logs', async () => {
  secret = JSON.parse((await ask('POST', '/v1/api-keys', { name: 'k', scopes: ['admin'] })).body).secret;
  const { id: dataset } = JSON.parse((await ask('POST', '/v1/datasets?name=a', ROWS)).body);
  const { id: job } = JSON.parse((await ask('POST', '/v1/jobs', jobSpec(dataset))).body);
  await service.untilEnded(job);
  const models = JSON.parse((await ask('GET', `/v1/models?job=${job}`)).body).data as ModelResource[];
  const prediction = await ask('POST', `/v1/models/${models[0]!.id}/predictions`, { inputs: [[1]] });
  expect(prediction.status).toBe(200);

  for (const key of [secret, OPERATOR, `${secret}x`, INTERNAL_TOKEN]) {
    const basic = `Basic ${Buffer.from(`a:${key}`).toString('base64')}`;
    for (const authorization of [`Bearer ${key}`, `bearer  ${key}`, `Bearer ${key} more`, basic, key])
      await ask('GET', '/v1/jobs', undefined, { authorization });
    for (const path of [`/v1/jobs?key=${key}`, `/v1/jobs/${key}`, `/${key}`, `/health/live?token=${key}`])
      await ask('GET', path);
    await ask('GET', '/v1/jobs', undefined, {
      'x-api-key': key,
      cookie: `key=${key}`,
      referer: `/?key=${key}`,
    });
    await ask('POST', '/v1/jobs', { key, name: key });
    await ask('POST', '/v1/jobs', { name: 'a' }, { 'idempotency-key': key, 'content-type': `text/${key}` });
  }

  const password = new URL(service.context.config.databaseUrl!).password;
  const logs = (await api.log()) + (await readFile(join(service.home, 'worker.log'), 'utf8'));
  expect(logs).toContain('/v1/api-keys');
  expect(logs).toContain('The worker is ready');
  for (const hidden of [secret, OPERATOR, INTERNAL_TOKEN, password]) {
    expect(hidden.length).toBeGreaterThan(15);
    expect(logs.includes(hidden)).toBe(false);
    expect(logs.includes(Buffer.from(`a:${hidden}`).toString('base64'))).toBe(false);
  }
});

it('who can’t start says why without a password', () => {
  const url = new URL(service.context.config.databaseUrl!);
  url.password = 'hush-hush-hush';
  for (const app of ['api', 'worker']) {
    for (const port of [url.port, '1']) {
      url.port = port;
      expect(lastWords(app, url.href)).not.toContain('hush');
    }
  }
});

function lastWords(app: string, databaseUrl: string): string {
  const env = {
    PATH: process.env.PATH!,
    DATABASE_URL: databaseUrl,
    TRAINYARD_HOME: service.home,
    TRAINYARD_INTERNAL_TOKEN: 'hush-hush-hush-hush',
    TRAINYARD_OPERATOR_KEY: 'hush-hush-hush-hush',
    PORT: '0',
  };
  try {
    execFileSync(process.execPath, [`dist/apps/${app}/main.js`], { env, encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    expect(stderr).not.toBe('');
    return stdout + stderr;
  }
  throw new Error(`the ${app} started`);
}
