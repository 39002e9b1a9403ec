import type { InjectOptions } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jobSpec, pipelineSpec, ROWS, TestApi, WEBHOOK } from '../../api-server.ts';
import { importForm } from '../../form.ts';
import { type Document, type Operation, operationsOf } from '../../fuzz/requests.ts';
import { type Line, lineTo } from '../../outage.ts';
import { smallModel } from '../../small-model.ts';

/** What every answer has and none tells, by whichever operation, and while the database is away too. */

const NOWHERE = 'ds_00000000000000000000000000';
/** A stack, a query, a path of the machine, or an address that is none of the caller’s. */
const INNER =
  /node_modules|\bat .{1,80}\.[jt]s:\d+|SELECT|INSERT|prisma|postgres|ECONN|127\.0\.0\.1|\/tmp\//i;

let api: TestApi;
let line: Line;
let operations: Operation[];
let key: string;

beforeAll(async () => {
  api = await TestApi.start({}, async (url) => {
    line = await lineTo(url);
    return line.url;
  });
  operations = operationsOf((await api.app.inject('/openapi.json')).json<Document>());
  key = await api.createKey(['admin']);
});
afterAll(async () => {
  await api.stop();
  await line.cut();
});

function request({ method, path, operationId, requestBody }: Operation): InjectOptions {
  const url = path.replace('{id}', 'x').replace('{name}', 'x').replace('{code}', 'notFound');
  const asked = { method: method as 'GET', url };
  if (operationId === 'createDataset')
    return { ...asked, url: `${url}?name=a`, payload: ROWS, headers: { 'content-type': 'text/csv' } };
  if (operationId === 'importModel') return { ...asked, ...importForm(smallModel()) };
  if (operationId === 'compareJobs') return { ...asked, url: `${url}?ids=a,b` };
  if (operationId === 'createApiKey') return { ...asked, payload: { name: 'k', scopes: ['read'] } };
  if (operationId === 'predict') return { ...asked, payload: { inputs: [[1]] } };
  if (operationId === 'createWebhook') return { ...asked, payload: WEBHOOK };
  if (operationId === 'retryJob') return { ...asked, payload: {} };
  if (/Pipeline$/.test(operationId) && requestBody) return { ...asked, payload: pipelineSpec(NOWHERE) };
  return requestBody === undefined ? asked : { ...asked, payload: jobSpec(NOWHERE) };
}

function expectSafe({ headers }: { headers: Record<string, unknown> }): void {
  expect(headers).toMatchObject({
    'content-security-policy': "default-src 'none';frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'SAMEORIGIN',
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-origin',
  });
  for (const telling of ['x-powered-by', 'server', 'access-control-allow-origin'])
    expect(headers).not.toHaveProperty(telling);
}

it('has headers that let nothing run, and tells of nothing that it runs on', async () => {
  for (const operation of operations) {
    expectSafe(await api.request(request(operation)));
    expectSafe(await api.app.inject(request(operation)));
  }
  for (const url of ['/nowhere', '/v1/jobs/%zz', '/v1/jobs/%00', '/openapi.json'])
    expectSafe(await api.get(url));
  expectSafe(await api.request({ method: 'PATCH', url: '/v1/jobs' }));
});

it('the page of the documentation runs only what comes from here', async () => {
  const { headers } = await api.app.inject('/docs');
  const policy = String(headers['content-security-policy']);
  expect(policy).toContain("default-src 'self'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toMatch(/unsafe-eval|script-src[^;]*unsafe-inline|https?:|\*/);
});

describe('while the database can’t be reached', () => {
  beforeAll(() => line.cut());
  afterAll(() => line.mend());

  it('every operation that asks for it answers 503 with when to come again, and not why', async () => {
    const asking = operations.filter(({ path }) => path.startsWith('/v1/'));
    expect(asking.length).toBeGreaterThan(25);
    for (const operation of asking) {
      for (const secret of [undefined, key]) {
        const response = await api.request(request(operation), secret);
        expect(response.statusCode, `${operation.operationId}: ${response.body}`).toBe(503);
        expect(Number(response.headers['retry-after'])).toBeGreaterThan(0);
        expect(response.json()).toMatchObject({ code: 'unavailable' });
        expect(response.body).not.toMatch(INNER);
        expectSafe(response);
      }
    }
  });

  it('what needs no database is answered', async () => {
    for (const url of ['/health/live', '/problems/notFound', '/openapi.json', '/docs'])
      expect((await api.app.inject(url)).statusCode).toBe(200);
    expect((await api.app.inject('/v1/jobs')).statusCode).toBe(401);
  });
});
