import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ERRORS } from '../../src/jobs/errors.ts';
import { JobSpec } from '../../src/spec/job.ts';
import type { DatasetResource } from '../../src/spec/resource/dataset.ts';
import type { JobResource } from '../../src/spec/resource/job.ts';
import type { PipelineResource } from '../../src/spec/resource/pipeline.ts';
import type { DeliveryResource, WebhookResource } from '../../src/spec/resource/webhook.ts';
import { jobSpec, pipelineSpec, ROWS, TestApi, WEBHOOK } from '../api-server.ts';
import { importForm } from '../form.ts';
import { smallModel } from '../small-model.ts';

/** What clients may rely on: the document says what the service does, for every operation. */

interface Operation {
  operationId: string;
  summary: string;
  tags: string[];
  security?: object[];
  parameters?: { name: string; in: string; schema: object }[];
  requestBody?: { content: Record<string, { schema: object }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: object }> }>;
}
interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object> };
}

let api: TestApi;
let document: Document;
let operations: { method: string; path: string; operation: Operation }[];
let dataset: DatasetResource;
let job: JobResource;
let pipeline: PipelineResource;
let webhook: WebhookResource;
let delivery: DeliveryResource;
/** What exists is deleted by no test that others come after. */
const DELETES_WHAT_IS = new Set(['deleteDataset', 'deleteWebhook']);

beforeAll(async () => {
  api = await TestApi.start();
  document = (await api.app.inject('/openapi.json')).json<Document>();
  operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
  dataset = await api.createDataset();
  job = (await api.post('/v1/jobs', jobSpec(dataset.id))).json();
  pipeline = (await api.post('/v1/pipelines', pipelineSpec(dataset.id))).json();
  webhook = (await api.post('/v1/webhooks', WEBHOOK)).json();
  delivery = (await api.post(webhook.urls.test, {})).json();
});
afterAll(() => api.stop());

/** The path with ids that exist, where there are any. */
function concrete(path: string): string {
  const there = { datasets: dataset.id, jobs: job.id, pipelines: pipeline.id, webhooks: webhook.id };
  const id = there[path.split('/')[2] as keyof typeof there] ?? 'mdl_none';
  if (path === '/v1/jobs/compare') return `${path}?ids=${pipeline.jobs.map((each) => each.id)}`;
  return path
    .replace('{id}', id)
    .replace('{deliveryId}', delivery.id)
    .replace('{name}', 'model')
    .replace('{code}', 'notFound');
}

function isPublic(operation: Operation): boolean {
  return operation.security?.length === 0;
}

function bodyFor(operation: Operation): {
  payload?: string | Buffer | object;
  headers?: Record<string, string>;
} {
  if (operation.operationId === 'createDataset')
    return { payload: ROWS, headers: { 'content-type': 'text/csv' } };
  if (operation.operationId === 'importModel') return importForm(smallModel());
  if (operation.operationId === 'createWebhook') return { payload: WEBHOOK };
  if (operation.operationId === 'createApiKey') return { payload: { name: 'k', scopes: ['read'] } };
  if (operation.operationId === 'retryJob') return { payload: {} };
  if (operation.operationId === 'predict') return { payload: { inputs: [[1]] } };
  if (/^(create|validate)Pipeline$/.test(operation.operationId)) return { payload: pipelineSpec(dataset.id) };
  return operation.requestBody === undefined ? {} : { payload: jobSpec(dataset.id) };
}

describe('the OpenAPI document', () => {
  it('is 3.1 and has every route of the contract', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(operations.map(({ method, path }) => `${method} ${path}`).sort()).toMatchInlineSnapshot(`
      [
        "DELETE /v1/api-keys/{id}",
        "DELETE /v1/datasets/{id}",
        "DELETE /v1/models/{id}",
        "DELETE /v1/webhooks/{id}",
        "GET /health/live",
        "GET /health/ready",
        "GET /problems/{code}",
        "GET /v1/api-keys",
        "GET /v1/datasets",
        "GET /v1/datasets/{id}",
        "GET /v1/datasets/{id}/preview",
        "GET /v1/jobs",
        "GET /v1/jobs/compare",
        "GET /v1/jobs/{id}",
        "GET /v1/jobs/{id}/artifacts",
        "GET /v1/jobs/{id}/artifacts/{name}",
        "GET /v1/jobs/{id}/checkpoints",
        "GET /v1/jobs/{id}/events",
        "GET /v1/jobs/{id}/metrics",
        "GET /v1/jobs/{id}/runs",
        "GET /v1/models",
        "GET /v1/models/{id}",
        "GET /v1/models/{id}/layers",
        "GET /v1/models/{id}/lineage",
        "GET /v1/pipelines",
        "GET /v1/pipelines/{id}",
        "GET /v1/webhooks",
        "GET /v1/webhooks/{id}",
        "GET /v1/webhooks/{id}/deliveries",
        "GET /v1/workers",
        "POST /v1/api-keys",
        "POST /v1/datasets",
        "POST /v1/jobs",
        "POST /v1/jobs/validate",
        "POST /v1/jobs/{id}/cancel",
        "POST /v1/jobs/{id}/pause",
        "POST /v1/jobs/{id}/resume",
        "POST /v1/jobs/{id}/retry",
        "POST /v1/models",
        "POST /v1/models/{id}/predictions",
        "POST /v1/pipelines",
        "POST /v1/pipelines/validate",
        "POST /v1/pipelines/{id}/cancel",
        "POST /v1/webhooks",
        "POST /v1/webhooks/{id}/deliveries/{deliveryId}/replay",
        "POST /v1/webhooks/{id}/test",
      ]
    `);
  });

  it('describes every operation, each by its own id', () => {
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { operation } of operations) {
      expect(operation.operationId).toMatch(/^[a-z][A-Za-z]+$/);
      expect(operation.summary).toMatch(/^[A-Z]/);
      expect(operation.tags).toHaveLength(1);
    }
  });

  it('declares the problems of every operation', () => {
    for (const { operation } of operations) {
      const needed = isPublic(operation) ? ['500'] : ['400', '401', '403', '500', '503'];
      expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(needed));
      for (const [status, response] of Object.entries(operation.responses)) {
        if (Number(status) < 400) continue;
        expect(response.content).toEqual({
          'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
        });
        expect(response.description).toMatch(/^`\w+`/);
      }
    }
  });

  it('refers only to schemas that it has', () => {
    const text = JSON.stringify(document);
    const referred = [...text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(
      ([, name]) => name!,
    );
    expect(referred.length).toBeGreaterThan(10);
    for (const name of referred) expect(document.components.schemas).toHaveProperty([name]);
    expect(text).not.toMatch(/"\$ref":"(?!#\/components\/schemas\/)/);
  });

  it('is what the answers are, read with another validator', async () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema({ $id: 'api', ...document });
    let checked = 0;
    for (const { method, path, operation } of operations) {
      if (DELETES_WHAT_IS.has(operation.operationId)) continue;
      const url = concrete(path);
      const response = await api.request({ method: method as 'GET', url, ...bodyFor(operation) });
      const declared = operation.responses[response.statusCode];
      expect(declared, `${method} ${url} answered ${response.statusCode}: ${response.body}`).toBeDefined();
      const type = String(response.headers['content-type']).split(';')[0]!;
      const pointer = `#/paths/${pointerPart(path)}/${method.toLowerCase()}/responses/${response.statusCode}/content/${pointerPart(type)}/schema`;
      const valid = ajv.validate({ $ref: `api${pointer}` }, response.json());
      expect(valid, `${method} ${url}: ${ajv.errorsText()}\n${response.body}`).toBe(true);
      checked++;
    }
    expect(checked).toBe(operations.length - DELETES_WHAT_IS.size);
  });

  it('has a page that needs nothing from elsewhere', async () => {
    const page = await api.app.inject('/docs');
    expect(page.statusCode).toBe(200);
    expect(page.headers['content-security-policy']).toContain("default-src 'self'");
    const links = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link]) => link!);
    expect(links.length).toBeGreaterThan(3);
    for (const link of links) {
      expect(link).toMatch(/^(\/docs\/|\.\/)/);
      expect((await api.app.inject(new URL(link, 'http://localhost/docs/').pathname)).statusCode).toBe(200);
    }
  });
});

describe('the job spec’s JSON Schema', () => {
  it('is 2020-12 and judges specs as the service does', async () => {
    const response = await api.app.inject('/schemas/job-spec.json');
    const schema = response.json();
    expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema');
    const judge = new Ajv2020({ strict: false, validateFormats: false }).compile(schema);
    const good = jobSpec(dataset.id);
    const bad = { ...good, model: { layers: [{ type: 'dens', units: 3 }] } };
    for (const spec of [good, bad, { ...good, zip: 1 }, { ...good, stages: [] }]) {
      expect(judge(spec)).toBe(JobSpec.safeParse(spec).success);
    }
    expect(judge(good)).toBe(true);
  });
});

describe('every operation', () => {
  it('that isn’t public answers 401 without a key and with a wrong one', async () => {
    const closed = operations.filter(({ operation }) => !isPublic(operation));
    expect(closed.length).toBeGreaterThan(20);
    for (const { method, path, operation } of closed) {
      const request = { method: method as 'GET', url: concrete(path), ...bodyFor(operation) };
      for (const response of [await api.app.inject(request), await api.request(request, 'ty_wrong')]) {
        expect(response.statusCode, `${method} ${path}`).toBe(401);
        expect(response.headers['www-authenticate']).toMatch(/^Bearer/);
        expect(response.json()).toMatchObject({ code: 'unauthorized', type: '/problems/unauthorized' });
      }
    }
  });

  it('that is public says nothing of any project', () => {
    const open = operations.filter(({ operation }) => isPublic(operation)).map(({ path }) => path);
    expect(open.sort()).toEqual(['/health/live', '/health/ready', '/problems/{code}']);
  });

  it('of another project answers as if nothing were there', async () => {
    const stranger = await api.createKey(['admin'], 'elsewhere');
    for (const { method, path, operation } of operations.filter(({ path }) => path.includes('{id}'))) {
      const request = { method: method as 'GET', url: concrete(path), ...bodyFor(operation) };
      expect((await api.request(request, stranger)).statusCode, `${method} ${path}`).toBe(404);
    }
    for (const path of ['/v1/datasets', '/v1/jobs', '/v1/pipelines', '/v1/models', '/v1/webhooks']) {
      expect((await api.get(path, stranger)).json()).toEqual({ data: [], nextCursor: null });
    }
    const borrowed = await api.post('/v1/jobs', jobSpec(dataset.id), stranger);
    expect(borrowed.statusCode).toBe(422);
    expect(borrowed.json().errors[0].pointer).toBe('/data/dataset');
  });

  it('answers 403 to a scope that is too small', async () => {
    const read = await api.createKey(['read']);
    const write = await api.createKey(['write']);
    for (const { method, path, operation } of operations.filter((each) => !isPublic(each.operation))) {
      if (DELETES_WHAT_IS.has(operation.operationId)) continue;
      const request = { method: method as 'GET', url: concrete(path), ...bodyFor(operation) };
      const admin = path.startsWith('/v1/api-keys');
      const status = async (key: string) => (await api.request(request, key)).statusCode;
      if (method === 'GET' && !admin) expect(await status(read), `${method} ${path}`).not.toBe(403);
      else expect(await status(read), `${method} ${path}`).toBe(403);
      if (admin) expect(await status(write), `${method} ${path}`).toBe(403);
      else expect(await status(write), `${method} ${path}`).not.toBe(403);
    }
  });
});

describe('a problem', () => {
  it('has a type that leads somewhere, and an instance that the log has too', async () => {
    const problem = (await api.get('/v1/jobs/job_none')).json();
    expect(problem).toMatchObject({ status: 404, title: ERRORS.notFound[1], code: 'notFound' });
    expect(problem.instance).toMatch(/^urn:uuid:[0-9a-f-]{36}$/);
    const type = await api.app.inject(problem.type);
    expect(type.json()).toEqual({ type: problem.type, code: 'notFound', status: 404, title: problem.title });
  });

  it('names what is allowed where the method isn’t', async () => {
    const response = await api.app.inject({
      method: 'PATCH',
      url: '/v1/jobs',
      payload: '{',
      headers: { 'content-type': 'application/json' },
    });
    expect(response.statusCode).toBe(405);
    expect(String(response.headers.allow).split(', ').sort()).toEqual(['GET', 'HEAD', 'POST']);
  });

  it.each([
    ['/nowhere', 404],
    ['/v1/jobs/%zz', 400],
    [`/v1/jobs/${'x'.repeat(400)}`, 400],
    ['/v1/jobs/%00', 400],
    ['/v1/jobs?name=%00', 400],
    ['/v1/jobs?cursor=bm9wZQ', 400],
    ['/v1/jobs?limit=1000', 400],
    ['/v1/jobs?unknown=1', 400],
    ['/v1/jobs?status=done', 400],
  ])('answers %s, never a stack or a query', async (url, status) => {
    const response = await api.get(url);
    expect(response.body).not.toMatch(/node_modules|SELECT|prisma|:\d+:\d+\b.*:\d+:\d+/i);
    expect(response.headers['content-type']).toBe('application/problem+json');
    expect(response.statusCode).toBe(status);
  });
});

function pointerPart(key: string): string {
  return encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'));
}
