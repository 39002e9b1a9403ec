import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { DatasetResource } from '../../src/spec/resource/dataset.ts';
import type { JobResource } from '../../src/spec/resource/job.ts';
import type { DeliveryResource, WebhookResource } from '../../src/spec/resource/webhook.ts';
import { jobSpec, OPERATOR_KEY, ROWS } from '../api-server.ts';
import { ApiProcess } from '../fuzz/service.ts';
import { createTestDatabase } from '../postgres.ts';
import { Receiver } from '../receiver.ts';

const JOBS = 12;
/** Of these the receiver takes some, then holds one until the deliverer is gone. */
const TAKEN = 4;
/** An attempt may take 10 s; after it and the lease it goes to another. */
const SETTINGS = { TRAINYARD_HEARTBEAT_MS: '100', TRAINYARD_LEASE_MS: '300' };

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let receiver: Receiver;
const processes: ApiProcess[] = [];

beforeEach(async () => {
  database = await createTestDatabase();
  receiver = await Receiver.start();
});
afterEach(async () => {
  for (const api of processes.splice(0)) await api.stop();
  await receiver.stop();
  await database.drop();
});

async function startApi(): Promise<ApiProcess> {
  const api = await ApiProcess.start(database.url, SETTINGS);
  processes.push(api);
  return api;
}

async function ask<T>(api: ApiProcess, method: string, path: string, content?: object | string): Promise<T> {
  const type = typeof content === 'string' ? 'text/csv' : 'application/json';
  const answer = await api.ask({
    method,
    path,
    headers: { authorization: `Bearer ${OPERATOR_KEY}`, ...(content && { 'content-type': type }) },
    body: content ? Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)) : undefined,
  });
  expect(answer.status, answer.body).toBeLessThan(300);
  return JSON.parse(answer.body) as T;
}

function received(): string[] {
  return receiver.received.map(({ headers }) => String(headers['webhook-id']));
}

it('loses no event of a deliverer that is killed, and tells doubles by their id', {
  timeout: 90_000,
}, async () => {
  receiver.answer = (_request, response) => {
    if (receiver.received.length <= TAKEN) response.end();
  };
  const first = await startApi();
  const dataset = await ask<DatasetResource>(first, 'POST', '/v1/datasets?name=rows', ROWS);
  const url = `http://127.0.0.1:${receiver.port}/hook`;
  const webhook = await ask<WebhookResource>(first, 'POST', '/v1/webhooks', { url });
  const jobs: string[] = [];
  for (let i = 0; i < JOBS; i++)
    jobs.push((await ask<JobResource>(first, 'POST', '/v1/jobs', jobSpec(dataset.id))).id);
  await vi.waitFor(() => expect(received()).toHaveLength(TAKEN + 1), { timeout: 10_000 });
  await first.kill();

  receiver.answer = (_request, response) => response.end();
  const [second] = [await startApi(), await startApi()];
  const told = await vi.waitFor(
    async () => {
      const { data } = await ask<{ data: DeliveryResource[] }>(second, 'GET', webhook.urls.deliveries);
      expect(data.filter(({ status }) => status === 'delivered')).toHaveLength(JOBS);
      return data;
    },
    { timeout: 40_000, interval: 200 },
  );
  expect(told.map(({ jobId, sequence }) => [jobId, sequence])).toEqual(jobs.map((jobId) => [jobId, 1]));
  const held = received()[TAKEN]!;
  expect(new Set(received())).toEqual(new Set(told.map(({ id }) => id)));
  expect(received().filter((id, i, all) => all.indexOf(id) !== i)).toEqual([held]);
  expect(told.find(({ id }) => id === held)!.attempts).toBe(2);
});

it('tells what happened while nobody delivered', { timeout: 60_000 }, async () => {
  const first = await startApi();
  const dataset = await ask<DatasetResource>(first, 'POST', '/v1/datasets?name=rows', ROWS);
  const { port } = receiver;
  const url = `http://127.0.0.1:${port}/hook`;
  await ask<WebhookResource>(first, 'POST', '/v1/webhooks', { url });
  await receiver.stop();
  const job = await ask<JobResource>(first, 'POST', '/v1/jobs', jobSpec(dataset.id));
  await ask(first, 'POST', `/v1/jobs/${job.id}/cancel`);
  await first.kill();
  receiver = await Receiver.start((_request, response) => response.end(), port);
  await startApi();
  await vi.waitFor(() => expect(new Set(received()).size).toBe(2), { timeout: 30_000, interval: 100 });
  const sequences = receiver.received.map(({ body }) => JSON.parse(body).data.sequence);
  expect(new Set(sequences)).toEqual(new Set([1, 2]));
});
