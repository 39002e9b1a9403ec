import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { InjectOptions, LightMyRequestResponse } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiKeyResource, Scope } from '../../../src/spec/resource/api-key.ts';
import type { DatasetResource } from '../../../src/spec/resource/dataset.ts';
import type { JobResource } from '../../../src/spec/resource/job.ts';
import type { ModelResource } from '../../../src/spec/resource/model.ts';
import type { PipelineResource } from '../../../src/spec/resource/pipeline.ts';
import type { DeliveryResource, WebhookResource } from '../../../src/spec/resource/webhook.ts';
import { jobSpec, OPERATOR_KEY, pipelineSpec, ROWS, TestApi, WEBHOOK } from '../../api-server.ts';
import { importForm } from '../../form.ts';
import { smallModel } from '../../small-model.ts';

/**
 * Nobody reaches what isn’t theirs: walks the OpenAPI document, so that a route which is new is tried too, and a
 * parameter of which these tests know nothing fails them until they are told what it names.
 */

interface Operation {
  readonly operationId: string;
  readonly security?: object[];
  readonly parameters?: readonly { name: string; in: string }[];
  readonly requestBody?: object;
}
interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly operation: Operation;
}

const ARTIFACT = 'model.safetensors';
/** Query parameters that name nothing of a project. */
const NAMES_NOTHING = new Set([
  'after',
  'columnTypes',
  'label',
  'limit',
  'maxPoints',
  'name',
  'stage',
  'status',
]);

let api: TestApi;
let routes: Route[];
/** A key of the other project, which may do everything there. */
let stranger: string;
let dataset: DatasetResource;
let job: JobResource;
let pipeline: PipelineResource;
let model: ModelResource;
let key: ApiKeyResource;
let webhook: WebhookResource;
let delivery: DeliveryResource;
/** What exists in the first project, by where it is. */
let ids: Readonly<Record<string, string>>;

beforeAll(async () => {
  api = await TestApi.start();
  const { paths } = (await api.app.inject('/openapi.json')).json();
  routes = Object.entries<Record<string, Operation>>(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      method: method.toUpperCase() as Route['method'],
      path,
      operation,
    })),
  );
  stranger = await api.createKey(['admin'], 'elsewhere');
  dataset = await api.createDataset();
  job = (await api.post('/v1/jobs', { ...jobSpec(dataset.id), name: 'own' })).json();
  pipeline = (await api.post('/v1/pipelines', pipelineSpec(dataset.id))).json();
  model = (
    await api.request({ method: 'POST', url: '/v1/models', ...importForm(smallModel()) })
  ).json<ModelResource>();
  key = (await api.post('/v1/api-keys', { name: 'k', scopes: ['read'] })).json();
  webhook = (await api.post('/v1/webhooks', WEBHOOK)).json();
  delivery = (await api.post(webhook.urls.test, {})).json();
  await storeArtifact(job.id);
  ids = {
    datasets: dataset.id,
    jobs: job.id,
    pipelines: pipeline.id,
    models: model.id,
    'api-keys': key.id,
    webhooks: webhook.id,
    deliveries: delivery.id,
  };
});
afterAll(() => api.stop());

async function storeArtifact(jobId: string): Promise<void> {
  const { key: blobKey, bytes } = await api.context.blobs.put(Readable.from(['weights']));
  const mediaType = 'application/octet-stream';
  const row = { id: 'art_1', jobId, name: ARTIFACT, mediaType, blobKey, bytes, createdAt: new Date() };
  await api.context.store.artifacts.put(row);
}

/** As long as the id is, and of its kind. */
function madeUp(id: string): string {
  const [kind] = id.split('_', 1);
  return `${kind}_${'0'.repeat(id.length - kind!.length - 1)}`;
}

/** The route’s address with real parameters, or with ids as no one has them. */
function address({ path }: Route, change: (id: string) => string = (id) => id): string {
  return path.replace(/\{(\w+)\}/g, (_, parameter: string) => {
    if (parameter === 'name') return ARTIFACT;
    if (parameter === 'code') return 'notFound';
    if (parameter === 'deliveryId') return change(ids.deliveries!);
    const id = parameter === 'id' ? ids[path.split('/')[2]!] : undefined;
    if (id === undefined) throw new Error(`${path}: say here what of the first project {${parameter}} names`);
    return change(id);
  });
}

/** What an operation needs to be understood, with the first project’s things in it. */
function request(route: Route, url = address(route)): InjectOptions {
  const { method, operation } = route;
  const asked = { method, url };
  switch (operation.operationId) {
    case 'createDataset':
      return { ...asked, url: `${url}?name=line`, payload: ROWS, headers: { 'content-type': 'text/csv' } };
    case 'importModel':
      return { ...asked, ...importForm(smallModel()) };
    case 'createWebhook':
      return { ...asked, payload: WEBHOOK };
    case 'createApiKey':
      return { ...asked, payload: { name: 'k', scopes: ['read'] } };
    case 'predict':
      return { ...asked, payload: { inputs: [[1, 2, 3]] } };
    case 'createPipeline':
    case 'validatePipeline':
      return { ...asked, payload: pipelineSpec(dataset.id) };
    case 'createJob':
    case 'validateJob':
      return { ...asked, payload: jobSpec(dataset.id) };
    case 'retryJob':
      return { ...asked, payload: { from: 'start' } };
    case 'compareJobs':
      return { ...asked, url: `${url}?ids=${pipeline.jobs.map(({ id }) => id)}` };
    default:
      if (operation.requestBody === undefined) return asked;
      throw new Error(`${operation.operationId}: say here what its body is`);
  }
}

function isPublic({ operation }: Route): boolean {
  return operation.security?.length === 0;
}

/** An answer without what differs between any two: the request’s own id, the time, and the ids asked for. */
function comparable({ statusCode, headers, body }: LightMyRequestResponse, ...asked: string[]): object {
  const { date: _, ...told } = headers;
  const plain = asked.reduce((text, id) => text.replaceAll(id, '<id>'), body);
  return { statusCode, told, body: plain.replace(/urn:uuid:[0-9a-f-]{36}/, '<instance>') };
}

/** Everything that the first project has, as it is told of it. */
async function everything(): Promise<unknown[]> {
  const lists = routes.filter(
    ({ method, path }) => method === 'GET' && path.startsWith('/v1/') && !path.includes('{'),
  );
  const told: unknown[] = [];
  for (const route of lists.filter(({ operation }) => operation.operationId !== 'listApiKeys'))
    told.push((await api.request(request(route))).json());
  return told;
}

describe('without a key, or with a broken one', () => {
  it('nothing is answered but that a key is needed, whether the id exists or not', async () => {
    const secret = (await api.post('/v1/api-keys', { name: 'real', scopes: ['admin'] })).json()
      .secret as string;
    const broken = [
      undefined,
      'Bearer ty_wrong',
      `Bearer ${secret.slice(0, -1)}`,
      `Bearer ${secret}x`,
      `Bearer ${secret.toUpperCase()}`,
      `Bearer ${secret} ${secret}`,
      `Bearer ${'x'.repeat(5_000)}`,
      'Bearer \u00e4\u00f6',
      'Bearer',
      `Basic ${Buffer.from(`:${secret}`).toString('base64')}`,
      secret,
      `Bearer ${OPERATOR_KEY}'--`,
    ];
    const before = await everything();
    const closed = routes.filter((route) => !isPublic(route));
    expect(closed.length).toBeGreaterThan(25);
    for (const route of closed) {
      for (const authorization of broken) {
        const headers = authorization === undefined ? {} : { authorization };
        const asked = request(route);
        const response = await api.app.inject({ ...asked, headers: { ...asked.headers, ...headers } });
        expect(response.statusCode, `${route.method} ${route.path} with ${authorization}`).toBe(401);
        expect(response.json()).toMatchObject({ code: 'unauthorized' });
        const other = request(route, address(route, madeUp));
        const absent = await api.app.inject({ ...other, headers: { ...other.headers, ...headers } });
        expect(comparable(response)).toEqual(comparable(absent));
      }
    }
    expect(await everything()).toEqual(before);
  });

  it('a key in the query or in a cookie is none', async () => {
    for (const url of [`/v1/jobs?key=${OPERATOR_KEY}`, `/v1/jobs?access_token=${OPERATOR_KEY}`])
      expect((await api.app.inject(url)).statusCode).toBe(401);
    const cookie = `authorization=Bearer ${OPERATOR_KEY}`;
    expect((await api.app.inject({ url: '/v1/jobs', headers: { cookie } })).statusCode).toBe(401);
  });

  it('a revoked key is none', async () => {
    const made = (await api.post('/v1/api-keys', { name: 'gone', scopes: ['admin'] })).json();
    await api.request({ method: 'DELETE', url: `/v1/api-keys/${made.id}` });
    for (const route of routes.filter((route) => !isPublic(route)))
      expect((await api.request(request(route), made.secret)).statusCode).toBe(401);
  });
});

describe('with a key of another project', () => {
  it('what exists answers as what doesn’t, by every route and in every way to ask', async () => {
    const before = await everything();
    const named = routes.filter((route) => route.path.includes('{id}'));
    expect(named.length).toBeGreaterThan(15);
    const ways: Record<string, string>[] = [
      {},
      { accept: 'text/event-stream' },
      { 'if-none-match': '*' },
      { range: 'bytes=0-0' },
      { 'idempotency-key': 'theirs' },
    ];
    for (const route of named) {
      const url = address(route);
      for (const headers of ways) {
        const answers: object[] = [];
        for (const asked of [request(route), request(route, address(route, madeUp))]) {
          const response = await api.request(
            { ...asked, headers: { ...asked.headers, ...headers } },
            stranger,
          );
          expect(response.statusCode, `${route.method} ${url}`).toBe(404);
          answers.push(comparable(response, ...Object.values(ids), ...Object.values(ids).map(madeUp)));
        }
        expect(answers[0], `${route.method} ${url}`).toEqual(answers[1]);
      }
      if (route.method !== 'GET') continue;
      const head = await api.request({ method: 'HEAD', url }, stranger);
      const absent = await api.request({ method: 'HEAD', url: address(route, madeUp) }, stranger);
      expect(head.statusCode, `HEAD ${url}`).toBeGreaterThanOrEqual(404);
      expect(head.statusCode).toBe(absent.statusCode);
    }
    expect(await everything()).toEqual(before);
  });

  it('an artifact of another job isn’t there by the address of one’s own', async () => {
    const own = (await api.upload(ROWS, { authorization: `Bearer ${stranger}` })).json<DatasetResource>();
    const ownJob = (await api.post('/v1/jobs', jobSpec(own.id), stranger)).json<JobResource>();
    for (const name of [
      ARTIFACT,
      `..%2F${job.id}%2F${ARTIFACT}`,
      `..%2F..%2F${job.id}%2Fartifacts%2F${ARTIFACT}`,
    ])
      expect((await api.get(`/v1/jobs/${ownJob.id}/artifacts/${name}`, stranger)).statusCode).toBe(404);
    await api.request({ method: 'POST', url: `/v1/jobs/${ownJob.id}/cancel` }, stranger);
    expect((await api.request({ method: 'DELETE', url: own.urls.self }, stranger)).statusCode).toBe(204);
  });

  it('queries that name another’s things find what they find of nothing', async () => {
    const naming: Record<string, (route: Route) => Promise<void>> = {
      parent: (route) => findsNothing(route, 'parent', model.id),
      job: (route) => findsNothing(route, 'job', job.id),
      ids: async (route) => {
        const [first, second] = pipeline.jobs.map(({ id }) => id) as [string, string];
        const own = await strangersJob();
        for (const [real, none] of [
          [`${first},${second}`, `${madeUp(first)},x`],
          [`${own},${first}`, `${own},${madeUp(first)}`],
          [`${first},${own}`, `${madeUp(first)},${own}`],
        ] as const) {
          const answers = [real, none].map((list) => api.get(`${address(route)}?ids=${list}`, stranger));
          const [theirs, absent] = await Promise.all(answers);
          expect(theirs!.statusCode).toBe(404);
          expect(comparable(theirs!, first, second)).toEqual(comparable(absent!, madeUp(first), 'x,'));
        }
      },
      cursor: async (route) => {
        const { method } = route;
        const whole = await api.request({ method, url: `${address(route)}?limit=1` });
        const { nextCursor } = whole.json<{ nextCursor: string | null }>();
        const first = await api.request({ method, url: address(route) }, stranger);
        const theirs = new Set(Object.values(ids));
        for (const cursor of [nextCursor, cursorBefore(Object.values(ids))].filter((it) => it !== null)) {
          const page = await api.request({ method, url: `${address(route)}?cursor=${cursor}` }, stranger);
          // A list below an id isn’t there at all.
          expect(page.statusCode).toBe(first.statusCode);
          expect(page.statusCode).toBe(route.path.includes('{id}') ? 404 : 200);
          if (page.statusCode === 404) continue;
          for (const { id } of page.json().data) {
            expect(theirs.has(id)).toBe(false);
            expect(first.json().data.map((row: { id: string }) => row.id)).toContain(id);
          }
        }
      },
    };
    let tried = 0;
    for (const route of routes) {
      for (const { name, in: where } of route.operation.parameters ?? []) {
        if (where !== 'query' || NAMES_NOTHING.has(name)) continue;
        const attempt = naming[name];
        expect(attempt, `${route.path}: say here what ?${name}= may name of another project`).toBeDefined();
        await attempt!(route);
        tried++;
      }
    }
    expect(tried).toBeGreaterThanOrEqual(8);
  });

  async function findsNothing(route: Route, parameter: string, id: string): Promise<void> {
    const answers: object[] = [];
    for (const each of [id, madeUp(id)]) {
      const response = await api.get(`${address(route)}?${parameter}=${each}`, stranger);
      expect(response.statusCode).toBe(200);
      answers.push(comparable(response));
    }
    expect(answers[0]).toEqual(answers[1]);
  }

  async function strangersJob(): Promise<string> {
    const own = (await api.upload(ROWS, { authorization: `Bearer ${stranger}` })).json<DatasetResource>();
    return (await api.post('/v1/jobs', jobSpec(own.id), stranger)).json<JobResource>().id;
  }

  function cursorBefore([id]: string[]): string {
    return Buffer.from(JSON.stringify([0, id])).toString('base64url');
  }

  it('a spec that names another’s data set or model is told what one is told of nothing', async () => {
    const own = (await api.upload(ROWS, { authorization: `Bearer ${stranger}` })).json<DatasetResource>();
    const onDataset = (id: string) => jobSpec(id);
    const onModel = (id: string) => ({ ...jobSpec(own.id), model: { from: { model: id } } });
    const other = { ...jobSpec(own.id), name: 'other' };
    const asPipeline = (spec: object) => ({ jobs: [{ ...spec, name: 'one' }, other] });
    const naming = [
      { make: onDataset, id: dataset.id, pointer: '/data/dataset' },
      { make: onModel, id: model.id, pointer: '/model/from/model' },
    ];
    for (const { make, id, pointer } of naming) {
      for (const [path, wrap, base] of [
        ['/v1/jobs', (spec: object) => spec, ''],
        ['/v1/jobs/validate', (spec: object) => spec, ''],
        ['/v1/pipelines', asPipeline, '/jobs/0'],
        ['/v1/pipelines/validate', asPipeline, '/jobs/0'],
      ] as const) {
        const theirs = await api.post(path, wrap(make(id)), stranger);
        const absent = await api.post(path, wrap(make(madeUp(id))), stranger);
        expect(theirs.statusCode).toBe(422);
        expect(theirs.json().errors[0].pointer).toBe(base + pointer);
        expect(comparable(theirs, id)).toEqual(comparable(absent, madeUp(id)));
      }
    }
  });

  it('no spec builds on a job of another project by its name or id', async () => {
    const own = (await api.upload(ROWS, { authorization: `Bearer ${stranger}` })).json<DatasetResource>();
    for (const from of [job.id, 'own', 'base']) {
      const spec = { ...jobSpec(own.id), name: 'mine', model: { from: { job: from } } };
      const response = await api.post(
        '/v1/pipelines',
        { jobs: [spec, { ...jobSpec(own.id), name: 'other' }] },
        stranger,
      );
      expect(response.json()).toMatchObject({ status: 422, errors: [{ pointer: '/jobs/0/model/from/job' }] });
    }
  });

  it('another’s Idempotency-Key is as good as new', async () => {
    const creating = routes.filter(({ operation }) => /^(create|import)[A-Z]/.test(operation.operationId));
    expect(creating.length).toBeGreaterThanOrEqual(5);
    const own = (await api.upload(ROWS, { authorization: `Bearer ${stranger}` })).json<DatasetResource>();
    for (const route of creating) {
      const headers = { 'idempotency-key': `shared-${route.operation.operationId}` };
      const send = (asked: InjectOptions, secret: string) =>
        api.request({ ...asked, headers: { ...asked.headers, ...headers } }, secret);
      const first = await send(request(route), OPERATOR_KEY);
      expect(first.statusCode).toBeLessThan(300);
      const asked = request(route);
      const payload =
        typeof asked.payload === 'object' && !Buffer.isBuffer(asked.payload)
          ? JSON.parse(JSON.stringify(asked.payload).replaceAll(dataset.id, own.id))
          : asked.payload;
      const theirs = await send({ ...asked, payload }, stranger);
      expect(theirs.statusCode, theirs.body).toBe(first.statusCode);
      expect(theirs.headers).not.toHaveProperty('idempotency-replayed');
      expect(theirs.json().id).not.toBe(first.json().id);
      const again = await send(request(route), OPERATOR_KEY);
      expect(again.json().id).toBe(first.json().id);
    }
  });

  it('the same bytes are kept for each project, whoever deletes theirs', async () => {
    const csv = `${ROWS}\n99,99,odd`;
    const ours = await api.createDataset(csv);
    const theirs = (await api.upload(csv, { authorization: `Bearer ${stranger}` })).json<DatasetResource>();
    expect(theirs.id).not.toBe(ours.id);
    expect((await api.request({ method: 'DELETE', url: theirs.urls.self }, stranger)).statusCode).toBe(204);
    expect((await api.get(ours.urls.preview)).statusCode).toBe(200);
  });
});

describe('with a key of too small a scope', () => {
  /** What each key may do; an operation is named where its method doesn’t say what it needs. */
  function needed({ method, path }: Route): Scope {
    if (path.startsWith('/v1/api-keys')) return 'admin';
    return method === 'GET' ? 'read' : 'write';
  }

  it('nothing is done or told, whether the id exists or not', async () => {
    const allowed: Record<Scope, readonly Scope[]> = {
      read: ['read'],
      write: ['read', 'write'],
      admin: ['read', 'write', 'admin'],
    };
    const before = await everything();
    let refused = 0;
    for (const scope of ['read', 'write'] as const) {
      const secret = await api.createKey([scope]);
      for (const route of routes.filter((it) => !isPublic(it) && !allowed[scope].includes(needed(it)))) {
        const response = await api.request(request(route), secret);
        expect(response.statusCode, `${route.method} ${route.path} with ${scope}`).toBe(403);
        expect(response.json()).toMatchObject({ code: 'forbidden' });
        const absent = await api.request(request(route, address(route, madeUp)), secret);
        expect(comparable(response)).toEqual(comparable(absent));
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(15);
    expect(await everything()).toEqual(before);
  });

  it('a key that may read can read everything but keys', async () => {
    const secret = await api.createKey(['read']);
    for (const route of routes.filter((it) => !isPublic(it) && needed(it) === 'read'))
      expect((await api.request(request(route), secret)).statusCode, route.path).toBeLessThan(300);
  });

  it('no key makes itself a greater one', async () => {
    for (const scope of ['read', 'write'] as const) {
      const secret = await api.createKey([scope]);
      const made = await api.post('/v1/api-keys', { name: randomUUID(), scopes: ['admin'] }, secret);
      expect(made.statusCode).toBe(403);
    }
  });
});

it('no route is left out of the document but the pages of the documentation', () => {
  const all = new Set(listed(api));
  expect([...all]).toEqual(expect.arrayContaining(routes.map(({ path }) => path)));
  const hidden = [...all].filter((path) => !path.startsWith('/docs'));
  const told = new Set(routes.map(({ path }) => path));
  expect(hidden.filter((path) => !told.has(path)).sort()).toEqual([
    '/openapi.json',
    '/schemas/job-spec.json',
  ]);
});

/** Every address that the router knows, read from its tree. */
function listed({ app }: TestApi): string[] {
  const at: string[] = [];
  return app
    .printRoutes({ commonPrefix: false })
    .split('\n')
    .flatMap((line) => {
      const [, indent, path, methods] = /^([│ ├└─]*)(\S*?)(?: \(([A-Z, ]+)\))?$/.exec(line) ?? [];
      if (indent === undefined || path === undefined) return [];
      at.length = indent.length / 4;
      at.push(path);
      return methods === undefined || at.join('') === '*' ? [] : [at.join('').replace(/:(\w+)/g, '{$1}')];
    });
}
