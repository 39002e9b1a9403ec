import type { RequestListener } from 'node:http';
import pg from 'pg';
import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createOutbound } from '../../../src/adapters/outbound/outbound.ts';
import { type Dispatcher, startDispatcher } from '../../../src/jobs/webhook-dispatcher.ts';
import { MOST_WEBHOOKS } from '../../../src/jobs/webhook-service.ts';
import type { EventResource } from '../../../src/spec/resource/event.ts';
import type { Problem } from '../../../src/spec/resource/problem.ts';
import type {
  CreatedWebhook,
  DeliveryResource,
  WebhookResource,
} from '../../../src/spec/resource/webhook.ts';
import { INTERNAL_TOKEN, jobSpec, TestApi } from '../../api-server.ts';
import { lookupOf } from '../../names.ts';
import { type Received, Receiver } from '../../receiver.ts';

const ANSWER_MS = 1_000;
const RETRY_MS = [100, 100, 100];
/** No test waits for it: each settles what it began. */
const LEASE_MS = 60_000;

interface Message {
  type: string;
  timestamp: string;
  data: EventResource;
}

let api: TestApi;
let receiver: Receiver;
const dispatchers: Dispatcher[] = [];
let faults: unknown[] = [];
/** Where `turning.test` lies. */
let turned = '127.0.0.1';
let datasetId: string;

beforeAll(async () => {
  const outbound = createOutbound({
    allowedPrivateHosts: ['hooks.test', '127.0.0.9'],
    answerMs: ANSWER_MS,
    lookup: lookupOf({
      'hooks.test': () => ['127.0.0.1'],
      'inside.test': () => ['127.0.0.1'],
      'turning.test': () => [turned],
    }),
  });
  api = await TestApi.start({}, undefined, { outbound });
  datasetId = (await api.createDataset()).id;
});
afterAll(() => api.stop());
beforeEach(async () => {
  receiver = await Receiver.start(accept);
  faults = [];
  dispatch();
});
afterEach(async () => {
  for (const dispatcher of dispatchers.splice(0)) await dispatcher.stop();
  for (const { id } of await webhooks()) await remove(id);
  await receiver.stop();
  expect(faults).toEqual([]);
});

const accept: RequestListener = (_request, response) => response.writeHead(204).end();

function dispatch(): void {
  const { store, outbound } = api.context;
  const onFault = (error: unknown) => faults.push(error);
  const delivering = { store, outbound, internalToken: INTERNAL_TOKEN, leaseMs: LEASE_MS };
  dispatchers.push(startDispatcher({ ...delivering, retryMs: RETRY_MS, onFault }));
}

function at(path = '/hook', host = 'hooks.test'): string {
  return `http://${host}:${receiver.port}${path}`;
}

/** Has what took days happen at once. */
async function sql([text, ...more]: TemplateStringsArray, ...values: unknown[]): Promise<void> {
  const client = new pg.Client({ connectionString: api.context.config.databaseUrl! });
  await client.connect();
  await client.query([text, ...more.map((part, i) => `$${i + 1}${part}`)].join(''), values);
  await client.end();
}

async function create(body: object = {}, key?: string): Promise<CreatedWebhook> {
  const response = await api.post('/v1/webhooks', { url: at(), ...body }, key);
  expect(response.statusCode, response.body).toBe(201);
  return response.json();
}

async function webhooks(key?: string): Promise<WebhookResource[]> {
  return (await api.get('/v1/webhooks', key)).json().data;
}

function remove(id: string) {
  return api.request({ method: 'DELETE', url: `/v1/webhooks/${id}` });
}

async function createJob(): Promise<string> {
  return (await api.post('/v1/jobs', jobSpec(datasetId))).json().id;
}

async function deliveries({ urls }: WebhookResource): Promise<DeliveryResource[]> {
  return (await api.get(urls.deliveries)).json().data;
}

function untilDeliveries(webhook: WebhookResource, expected: object[]): Promise<DeliveryResource[]> {
  return vi.waitFor(
    async () => {
      const found = await deliveries(webhook);
      expect(found).toMatchObject(expected);
      return found;
    },
    { timeout: 20_000, interval: 20 },
  );
}

function verified({ body, headers }: Received, { secret }: CreatedWebhook): Message {
  return new Webhook(secret!).verify(body, headers as Record<string, string>) as Message;
}

describe('a webhook', () => {
  it('is told of the statuses of its project’s jobs, signed, as the events are', async () => {
    const webhook = await create();
    const jobId = await createJob();
    await api.post(`/v1/jobs/${jobId}/cancel`, {});
    const told = await untilDeliveries(webhook, [
      { type: 'job.status', jobId, sequence: 1, status: 'delivered', attempts: 1, answer: 204, fault: null },
      { type: 'job.status', jobId, sequence: 2, status: 'delivered', attempts: 1, answer: 204, fault: null },
    ]);
    const events: EventResource[] = (await api.get(`/v1/jobs/${jobId}/events`)).json().data;
    expect(receiver.received.map((each) => verified(each, webhook))).toEqual(
      events.map((data) => ({ type: 'job.status', timestamp: data.createdAt, data })),
    );
    for (const [i, { method, url, headers }] of receiver.received.entries()) {
      expect([method, url]).toEqual(['POST', '/hook']);
      expect(headers).toMatchObject({ 'content-type': 'application/json', 'webhook-id': told[i]!.id });
      expect(headers).not.toHaveProperty('authorization');
    }
  });

  it('is told of what it asks for and of nothing else', async () => {
    const webhook = await create({ events: ['job.epoch', 'job.model', 'job.epoch'] });
    expect(webhook.events).toEqual(['job.epoch', 'job.model']);
    const jobId = await createJob();
    await api.context.store.events.append(jobId, 'checkpoint', {});
    await api.context.store.events.append(jobId, 'epoch', { loss: Number.NaN });
    await untilDeliveries(webhook, [{ type: 'job.epoch', sequence: 3, status: 'delivered' }]);
    expect(receiver.received.map((each) => verified(each, webhook).data.data)).toEqual([{ loss: 'NaN' }]);
  });

  it('says its secret once, and signs with no other’s', async () => {
    const [webhook, other] = [await create(), await create()];
    expect(webhook.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(other.secret).not.toBe(webhook.secret);
    const { secret: _, ...rest } = webhook;
    expect((await api.get(webhook.urls.self)).json()).toEqual(rest);
    expect((await webhooks()).flatMap(Object.keys)).not.toContain('secret');
    await remove(other.id);
    await createJob();
    await untilDeliveries(webhook, [{ status: 'delivered' }]);
    expect(() => verified(receiver.received[0]!, other)).toThrow('No matching signature');
  });

  it('is made once under a key, and a replay has no secret', async () => {
    const send = (description: string) =>
      api.request({
        method: 'POST',
        url: '/v1/webhooks',
        headers: { 'idempotency-key': 'hook' },
        payload: { url: 'http://hooks.test/', description },
      });
    const [first, again, another] = [await send('a'), await send('a'), await send('b')];
    expect(again.json()).toEqual({ ...first.json(), secret: null });
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect(another.json().code).toBe('idempotencyMismatch');
    expect(await webhooks()).toHaveLength(1);
  });

  it('can be tried, once under a key, and a message sent again', async () => {
    const webhook = await create();
    const test = () =>
      api.request({ method: 'POST', url: webhook.urls.test, headers: { 'idempotency-key': 'try' } });
    const [first, again] = [(await test()).json<DeliveryResource>(), (await test()).json()];
    expect(again.id).toBe(first.id);
    const [delivered] = await untilDeliveries(webhook, [
      { id: first.id, type: 'webhook.test', jobId: null, sequence: null, status: 'delivered', answer: 204 },
    ]);
    expect(verified(receiver.received[0]!, webhook)).toEqual({
      type: 'webhook.test',
      timestamp: first.createdAt,
      data: { webhookId: webhook.id },
    });
    const replayed = await api.request({ method: 'POST', url: delivered!.urls.replay });
    expect(replayed.statusCode).toBe(202);
    await vi.waitFor(() => expect(receiver.received).toHaveLength(2), { timeout: 20_000 });
    expect(receiver.received.map(({ headers }) => headers['webhook-id'])).toEqual([first.id, first.id]);
  });

  it('hears no more once it is deleted', async () => {
    const webhook = await create();
    expect((await remove(webhook.id)).statusCode).toBe(204);
    await createJob();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(receiver.received).toEqual([]);
    for (const url of [webhook.urls.self, webhook.urls.deliveries])
      expect((await api.get(url)).statusCode).toBe(404);
  });

  it(`is one of ${MOST_WEBHOOKS} at most, counted together`, async () => {
    const made = await Promise.all(
      Array.from({ length: MOST_WEBHOOKS + 3 }, () => api.post('/v1/webhooks', { url: at() })),
    );
    const refused = made.filter(({ statusCode }) => statusCode !== 201);
    expect(refused.map((each) => each.json().code)).toEqual(Array(3).fill('tooManyWebhooks'));
    expect(await webhooks()).toHaveLength(MOST_WEBHOOKS);
  });

  it('of another project isn’t there, nor is it told of this one’s jobs', async () => {
    const stranger = await api.createKey(['admin'], 'elsewhere');
    const theirs = await create({}, stranger);
    const own = await create();
    await createJob();
    await untilDeliveries(own, [{ status: 'delivered' }]);
    expect(receiver.received).toHaveLength(1);
    expect((await webhooks()).map(({ id }) => id)).toEqual([own.id]);
    const [{ id: deliveryId }] = (await deliveries(own)) as [DeliveryResource];
    const across = `${theirs.urls.deliveries}/${deliveryId}/replay`;
    expect((await api.request({ method: 'POST', url: across }, stranger)).statusCode).toBe(404);
    await api.request({ method: 'DELETE', url: theirs.urls.self }, stranger);
  });
});

describe('a receiver', () => {
  it('that was down is told, under the same id, once it is back', async () => {
    const webhook = await create();
    const { port } = receiver;
    await receiver.stop();
    await createJob();
    await createJob();
    const [first] = await untilDeliveries(webhook, [
      { status: 'pending', answer: null, fault: expect.stringMatching(/can’t be reached/) },
      { status: 'pending' },
    ]);
    receiver = await Receiver.start(accept, port);
    const [then] = await untilDeliveries(webhook, [
      { status: 'delivered', fault: null },
      { status: 'delivered' },
    ]);
    expect(then!.id).toBe(first!.id);
    expect(then!.attempts).toBeGreaterThan(1);
    expect(receiver.received.map(({ headers }) => headers['webhook-id']).sort()).toEqual(
      (await deliveries(webhook)).map(({ id }) => id).sort(),
    );
  });

  it.each<[string, RequestListener, object]>([
    [
      'answers 500',
      (_request, response) => response.writeHead(500, 'Hush').end('what it says'),
      { answer: 500, fault: null },
    ],
    [
      'redirects inside',
      (_request, response) => response.writeHead(307, { location: at('/inside', 'inside.test') }).end(),
      { answer: 307, fault: null },
    ],
    ['never answers', () => {}, { answer: null, fault: expect.stringMatching(/takes too long|silent/) }],
    [
      'breaks off',
      (_request, response) => response.destroy(),
      { answer: null, fault: expect.stringMatching(/breaks off/) },
    ],
  ])('that %s is tried as often as is promised, given up, and told so', async (_how, answer, expected) => {
    receiver.answer = answer;
    const webhook = await create();
    await createJob();
    const attempts = RETRY_MS.length + 1;
    const [delivery] = await untilDeliveries(webhook, [{ status: 'gaveUp', attempts, ...expected }]);
    expect(receiver.received.map(({ url }) => url)).toEqual(Array(attempts).fill('/hook'));
    expect(JSON.stringify(delivery)).not.toMatch(/Hush|what it says/);
    receiver.answer = accept;
    await api.request({ method: 'POST', url: delivery!.urls.replay });
    await untilDeliveries(webhook, [{ status: 'delivered', attempts: 1, answer: 204 }]);
  });

  it('that has failed for days isn’t told for ever what was said meanwhile', async () => {
    receiver.answer = (_request, response) => response.writeHead(500).end();
    const webhook = await create();
    for (const dispatcher of dispatchers.splice(0)) await dispatcher.stop();
    for (let i = 0; i < 3; i++) await createJob();
    const days = (count: number) => new Date(Date.now() - count * 24 * 3_600_000);
    const [, second, third] = (await deliveries(webhook)).map(({ id }) => id);
    await sql`UPDATE webhook_delivery SET next_attempt_at = ${days(3.1)} WHERE id = ${second}`;
    await sql`UPDATE webhook_delivery SET next_attempt_at = ${days(2.9)} WHERE id = ${third}`;
    dispatch();
    await untilDeliveries(webhook, [
      { status: 'gaveUp', attempts: RETRY_MS.length + 1, answer: 500 },
      { status: 'gaveUp', attempts: 0, answer: null, fault: expect.stringMatching(/3 days/) },
      { status: 'gaveUp', attempts: RETRY_MS.length + 1, answer: 500 },
    ]);
  });

  it('that is slow keeps only itself waiting', async () => {
    receiver.answer = (request, response) => request.url === '/hook' && accept(request, response);
    const slow = await create({ url: at('/slow') });
    for (let i = 0; i < 3; i++) await createJob();
    const quick = await create();
    await createJob();
    await untilDeliveries(quick, [{ status: 'delivered' }]);
    expect((await deliveries(slow)).every(({ status }) => status === 'pending')).toBe(true);
  });

  it('gets nothing twice of several who deliver, and a job’s events in their order', async () => {
    for (let i = 0; i < 3; i++) dispatch();
    const webhook = await create({ events: ['job.epoch'] });
    const jobId = await createJob();
    for (let i = 0; i < 40; i++) await api.context.store.events.append(jobId, 'epoch', { i });
    await vi.waitFor(() => expect(receiver.received).toHaveLength(40), { timeout: 20_000 });
    const told = receiver.received.map((each) => verified(each, webhook).data.data.i);
    expect(told).toEqual(Array.from({ length: 40 }, (_, i) => i));
  });
});

describe('an address that isn’t public', () => {
  it.each([
    'http://127.0.0.1/',
    'http://[::ffff:127.0.0.1]/',
    'http://2130706433/',
    'http://169.254.169.254/',
    'http://inside.test/',
    'http://nowhere.test/',
  ])('%s is no webhook', async (url) => {
    const response = await api.post('/v1/webhooks', { url });
    const problem = response.json<Problem>();
    expect(response.statusCode).toBe(422);
    expect(problem).toMatchObject({ code: 'invalidUrl', errors: [{ pointer: '/url' }] });
    expect(problem.detail).toMatch(/its address isn’t public$/);
    expect(await webhooks()).toEqual([]);
  });

  it('is told nothing where a name turns to it later', async () => {
    turned = '127.0.0.9';
    const webhook = await create({ url: at('/hook', 'turning.test') });
    turned = '127.0.0.1';
    await createJob();
    await untilDeliveries(webhook, [
      { status: 'gaveUp', answer: null, fault: expect.stringMatching(/isn’t public$/) },
    ]);
    expect(receiver.received).toEqual([]);
  });

  it.each([
    [{}, '/url'],
    [{ url: 'javascript:alert(1)' }, '/url'],
    [{ url: 'http://me:secret@hooks.test/' }, '/url'],
    [{ url: 'http://hooks.test/', events: [] }, '/events'],
    [{ url: 'http://hooks.test/', events: ['job.done'] }, '/events/0'],
    [{ url: 'http://hooks.test/', secret: 'x' }, '/secret'],
  ])('nor is %j one', async (body, pointer) => {
    const response = await api.post('/v1/webhooks', body);
    expect(response.statusCode).toBe(400);
    expect(response.json<Problem>().errors![0]).toMatchObject({ pointer });
  });
});

it('a delivery that is under way, or isn’t there, can’t be sent again', async () => {
  receiver.answer = () => {};
  const webhook = await create();
  await createJob();
  const [delivery] = await untilDeliveries(webhook, [{ status: 'pending' }]);
  const replay = (url: string) => api.request({ method: 'POST', url });
  expect((await replay(delivery!.urls.replay)).json().code).toBe('conflict');
  expect((await replay(`${webhook.urls.deliveries}/msg_none/replay`)).statusCode).toBe(404);
});
