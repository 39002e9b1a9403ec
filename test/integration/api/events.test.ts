import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type EventSourceMessage, EventSourceParserStream } from 'eventsource-parser/stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEventFeed } from '../../../apps/api/event-feed.ts';
import { eventStream } from '../../../apps/api/event-stream.ts';
import type { EventResource } from '../../../src/spec/resource/event.ts';
import type { JobResource } from '../../../src/spec/resource/job.ts';
import { OPERATOR_KEY, TestApi } from '../../api-server.ts';

let api: TestApi;
let url: string;

beforeAll(async () => {
  api = await TestApi.start();
  url = await api.listen();
});
afterAll(() => api.stop());

function watch(
  job: JobResource,
  headers: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<Response> {
  return fetch(url + job.urls.events, {
    headers: { authorization: `Bearer ${OPERATOR_KEY}`, accept: 'text/event-stream', ...headers },
    ...(signal && { signal }),
  });
}

async function* messages(response: Response): AsyncGenerator<EventSourceMessage> {
  yield* response.body!.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
}

async function note(job: JobResource, count: number, first = 1): Promise<void> {
  for (let i = first; i < first + count; i++) {
    await api.context.store.events.append(job.id, 'epoch', { epoch: i });
  }
}

/** Reads on until `count` messages have come. */
async function take(
  stream: AsyncGenerator<EventSourceMessage>,
  count: number,
): Promise<EventSourceMessage[]> {
  const taken: EventSourceMessage[] = [];
  while (taken.length < count) {
    const next = await stream.next();
    if (next.done) break;
    taken.push(next.value);
  }
  return taken;
}

describe('a page of events', () => {
  it('goes on after the last', async () => {
    const job = await api.createJob();
    await note(job, 4);
    const first = (await api.get(`${job.urls.events}?limit=3`)).json();
    expect(first.data.map(({ sequence }: EventResource) => sequence)).toEqual([1, 2, 3]);
    const second = (await api.get(`${job.urls.events}?limit=3&after=${first.nextCursor}`)).json();
    expect(second.data.map(({ type, data }: EventResource) => [type, data])).toEqual([
      ['epoch', { epoch: 3 }],
      ['epoch', { epoch: 4 }],
    ]);
    expect(second.nextCursor).toBeNull();
  });
});

describe('a stream of events', () => {
  it('replays, tells what happens, and ends with the job', async () => {
    const job = await api.createJob();
    const response = await watch(job);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(response.headers.get('cache-control')).toContain('no-store');
    const stream = messages(response);
    expect(await take(stream, 1)).toMatchObject([{ id: '1', event: 'status' }]);
    await note(job, 2);
    const [one, two] = await take(stream, 2);
    expect([one, two]).toMatchObject([
      { id: '2', event: 'epoch' },
      { id: '3', event: 'epoch' },
    ]);
    const event = JSON.parse(two!.data) as EventResource;
    expect(event).toMatchObject({ jobId: job.id, sequence: 3, type: 'epoch', data: { epoch: 2 } });
    await api.post(job.urls.cancel, {});
    const rest = await take(stream, 10);
    expect(rest.map(({ id, event }) => [id, event])).toEqual([['4', 'status']]);
  });

  it('goes on from Last-Event-ID, and answers 204 when nothing is left to tell', async () => {
    const job = await api.createJob();
    await note(job, 250);
    await api.post(job.urls.cancel, {});
    const all = await take(messages(await watch(job)), 1_000);
    expect(all.map(({ id }) => Number(id))).toEqual(Array.from({ length: 252 }, (_, i) => i + 1));
    const tail = await take(messages(await watch(job, { 'last-event-id': '249' })), 10);
    expect(tail.map(({ id }) => id)).toEqual(['250', '251', '252']);
    expect((await watch(job, { 'last-event-id': '252' })).status).toBe(204);
  });

  it('of many watchers loses nothing and doubles nothing, however fast events come', async () => {
    const job = await api.createJob();
    const watchers = Array.from({ length: 20 }, async (_, i) => {
      await sleep(i * 5);
      return take(messages(await watch(job)), 1_000);
    });
    await note(job, 150);
    await api.post(job.urls.cancel, {});
    const expected = Array.from({ length: 152 }, (_, i) => String(i + 1));
    for (const seen of await Promise.all(watchers)) expect(seen.map(({ id }) => id)).toEqual(expected);
  });

  it('refuses a Last-Event-ID that is none, an unknown job, and HEAD', async () => {
    const job = await api.createJob();
    expect((await watch(job, { 'last-event-id': 'x' })).status).toBe(400);
    const none = { ...job, urls: { ...job.urls, events: '/v1/jobs/job_none/events' } };
    expect((await watch(none)).status).toBe(404);
    const head = await api.request({ method: 'HEAD', url: job.urls.events });
    expect(head.statusCode).toBe(405);
  });

  it('frees everything when the client hangs up', async () => {
    const job = await api.createJob();
    const reads = countReads(job.id);
    const client = new AbortController();
    const stream = messages(await watch(job, {}, client.signal));
    await take(stream, 1);
    client.abort();
    await stream.next().catch(() => {});
    await sleep(200);
    const before = reads.count;
    await note(job, 3);
    await sleep(300);
    reads.stop();
    expect(before).toBeGreaterThan(0);
    expect(reads.count).toBe(before);
  });

  it('doesn’t keep the service from stopping, nor does a connection that asks nothing', async () => {
    const other = await TestApi.start();
    const origin = await other.listen();
    const job = await other.createJob();
    const response = await fetch(origin + job.urls.events, {
      headers: { authorization: `Bearer ${OPERATOR_KEY}`, accept: 'text/event-stream' },
    });
    const stream = messages(response);
    await take(stream, 1);
    const silent = connect(Number(new URL(origin).port), '127.0.0.1');
    await once(silent, 'connect');
    const started = Date.now();
    await other.stop();
    expect(Date.now() - started).toBeLessThan(3_000);
    expect((await stream.next()).done).toBe(true);
  });
});

describe('the feed', () => {
  it('says so when nothing happens, and reads once for all who wait at one place', async () => {
    const job = await api.createJob();
    const reads = countReads(job.id);
    const closing = new AbortController();
    const feed = createEventFeed(api.context.store, closing.signal);
    const { signal } = new AbortController();
    const streams = Array.from({ length: 10 }, () => feed.follow(job.id, 0, 100, signal));
    const first = await Promise.all(streams.map((stream) => stream.next()));
    for (const { value } of first) expect(value).toHaveLength(1);
    expect(reads.count).toBe(1);
    for (const { value } of await Promise.all(streams.map((stream) => stream.next())))
      expect(value).toEqual([]);
    closing.abort();
    for (const { done } of await Promise.all(streams.map((stream) => stream.next()))) expect(done).toBe(true);
    reads.stop();
  });

  it('finds by itself what no hint told of', async () => {
    const job = await api.createJob();
    const { events } = api.context.store;
    const closing = new AbortController();
    const feed = createEventFeed({ events, onJobChanged: () => () => {} }, closing.signal);
    const stream = feed.follow(job.id, 1, 60_000, new AbortController().signal);
    const next = stream.next();
    await sleep(100);
    await note(job, 1);
    expect((await next).value).toMatchObject([{ sequence: 2 }]);
    closing.abort();
  });

  it('goes no faster than its reader', async () => {
    const job = await api.createJob();
    await note(job, 350);
    const reads = countReads(job.id);
    const closing = new AbortController();
    const feed = createEventFeed(api.context.store, closing.signal);
    const stream = eventStream(feed, job.id, 0, new AbortController().signal);
    await stream.next();
    await stream.next();
    await sleep(100);
    expect(reads.count).toBe(1);
    closing.abort();
    await stream.return(undefined);
    reads.stop();
  });
});

/** Counts how often the job’s events are read, on the real store. */
function countReads(jobId: string): { count: number; stop(): void } {
  const { events } = api.context.store;
  const list = events.list;
  const reads = {
    count: 0,
    stop: () => {
      events.list = list;
    },
  };
  events.list = (id, after, limit) => {
    if (id === jobId) reads.count++;
    return list(id, after, limit);
  };
  return reads;
}
