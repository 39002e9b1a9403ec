import { once } from 'node:events';
import { request as overHttp, type RequestListener } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createOutbound } from '../../../src/adapters/outbound/outbound.ts';
import type { DatasetResource } from '../../../src/spec/resource/dataset.ts';
import type { Problem } from '../../../src/spec/resource/problem.ts';
import { OPERATOR_KEY, ROWS, TestApi } from '../../api-server.ts';
import { lookupOf } from '../../names.ts';
import { Receiver } from '../../receiver.ts';

const LIMIT = 500_000;
const IDLE_MS = 400;
/** What the other hosts have, by path. */
const FILES: Record<string, RequestListener> = {
  '/rows.csv': (_request, response) => response.end(ROWS),
  '/typed': (_request, response) => response.setHeader('content-type', 'text/csv; charset=utf-8').end(ROWS),
  '/page.html': (_request, response) => response.setHeader('content-type', 'text/html').end('<p>'),
  '/prototype': (_request, response) => response.setHeader('content-type', 'constructor').end(ROWS),
  '/bad.csv': (_request, response) => response.end('a,b\n1\n'),
  '/secret.csv': (_request, response) => response.writeHead(403, 'Hush').end('the inside says'),
  '/said.csv': (_request, response) =>
    response.setHeader('content-length', LIMIT + 1).end('x'.repeat(LIMIT + 1)),
  '/endless.csv': (_request, response) => {
    response.write('a,b\n');
    const more = () => response.write('1,2\n'.repeat(5_000), () => setImmediate(more));
    more();
  },
  '/zipped.csv': (_request, response) => response.setHeader('content-encoding', 'gzip').end('x'),
  '/mute.csv': () => {},
  '/stops.csv': (_request, response) => response.write('a,b\n1,2\n'),
  '/breaks.csv': (_request, response) => {
    response.setHeader('content-length', 100).write('a,b\n1,2\n', () => response.destroy());
  },
  '/loop.csv': (_request, response) => redirect(response, '/loop.csv'),
  '/moved.csv': (_request, response) => redirect(response, '/rows.csv'),
  '/lost.csv': (_request, response) => redirect(response, 'http://'),
  '/to-file.csv': (_request, response) => redirect(response, 'file:///etc/passwd'),
  '/to-user.csv': (_request, response) => redirect(response, 'http://user:pass@files.test/rows.csv'),
};

let api: TestApi;
let files: Receiver;
/** What `turning.test` means next. */
let turns: string[] = [];
let asked: string[] = [];

function redirect(response: Parameters<RequestListener>[1], location: string): void {
  response.writeHead(302, { location }).end();
}

beforeAll(async () => {
  files = await Receiver.start((request, response) => FILES[request.url!]!(request, response));
  const names = {
    'files.test': () => ['127.0.0.1'],
    'inside.test': () => ['127.0.0.1'],
    'both.test': () => ['1.1.1.1', '127.0.0.1'],
    'turning.test': () => [turns.shift()!],
  };
  const byTest = lookupOf(names);
  const outbound = createOutbound({
    allowedPrivateHosts: ['files.test', '127.0.0.9'],
    idleMs: IDLE_MS,
    lookup: (name, ...rest) => {
      asked.push(name);
      byTest(name, ...rest);
    },
  });
  api = await TestApi.start({ TRAINYARD_MAX_UPLOAD_BYTES: String(LIMIT) }, undefined, { outbound });
});
afterAll(async () => {
  await api.stop();
  await files.stop();
});
afterEach(() => {
  files.received.length = 0;
  asked = [];
});

function at(path: string, host = 'files.test'): string {
  return `http://${host}:${files.port}${path}`;
}

async function refusal(url: string, more: object = {}): Promise<Problem> {
  const before = await api.blobs();
  const response = await api.post('/v1/datasets', { url, ...more });
  const problem = response.json<Problem>();
  expect(response.statusCode, response.body).toBe(422);
  expect(problem.errors).toEqual([{ pointer: '/url', message: problem.detail }]);
  expect(await api.blobs()).toEqual(before);
  return problem;
}

describe('a data set by its address', () => {
  it('is fetched, and becomes what the same file would as an upload', async () => {
    const response = await api.post('/v1/datasets', { url: at('/rows.csv') });
    expect(response.statusCode).toBe(201);
    const fetched = response.json<DatasetResource>();
    expect(response.headers.location).toBe(fetched.urls.self);
    const uploaded = (await api.upload(ROWS)).json<DatasetResource>();
    expect(fetched).toEqual({
      ...uploaded,
      id: fetched.id,
      name: 'rows.csv',
      createdAt: fetched.createdAt,
      urls: fetched.urls,
    });
    expect(files.received[0]!.headers).toMatchObject({ 'accept-encoding': 'identity' });
    expect(files.received[0]!.headers).not.toHaveProperty('authorization');
  });

  it.each([
    ['its media type', { url: '/typed' }, { name: 'typed', format: 'csv' }],
    ['the name in its address', { url: '/rows.csv', name: 'n' }, { name: 'n', format: 'csv' }],
    ['what the body says', { url: '/page.html', format: 'csv' }, { name: 'page.html', format: 'csv' }],
    ['redirects', { url: '/moved.csv' }, { name: 'moved.csv', format: 'csv', rows: 40 }],
  ])('goes by %s', async (_what, { url, ...body }, expected) => {
    FILES['/page.html'] = (_request, response) => response.setHeader('content-type', 'text/html').end(ROWS);
    const response = await api.post('/v1/datasets', { url: at(url), ...body });
    expect(response.statusCode, response.body).toBe(201);
    expect(response.json()).toMatchObject(expected);
  });

  it('takes column types', async () => {
    const body = { url: at('/rows.csv'), columnTypes: { x: 'text' } };
    const { columns } = (await api.post('/v1/datasets', body)).json<DatasetResource>();
    expect(columns[0]).toMatchObject({ name: 'x', type: 'text' });
  });

  it('comes once under a key, as an upload does', async () => {
    const send = (url: string) =>
      api.request({
        method: 'POST',
        url: '/v1/datasets',
        headers: { 'idempotency-key': 'fetched' },
        payload: { url, name: 'once' },
      });
    const first = await send(at('/rows.csv'));
    const again = await send(at('/moved.csv'));
    expect(again.json()).toEqual(first.json());
    expect(again.headers['idempotency-replayed']).toBe('true');
    FILES['/other.csv'] = (_request, response) => response.end(`${ROWS}\n1,2,odd`);
    expect((await send(at('/other.csv'))).json().code).toBe('idempotencyMismatch');
  });

  it('that nobody waits for any more is let go', async () => {
    const closed = new Promise<void>((resolve) => {
      FILES['/slow.csv'] = (_request, response) => {
        response.on('close', resolve);
        const tick = setInterval(() => response.write('1,2\n'), 50);
        response.on('close', () => clearInterval(tick));
        response.write('a,b\n');
      };
    });
    const sent = overHttp(`${await api.listen()}/v1/datasets`, {
      method: 'POST',
      headers: { authorization: `Bearer ${OPERATOR_KEY}`, 'content-type': 'application/json' },
    });
    sent.on('error', () => {});
    sent.end(JSON.stringify({ url: at('/slow.csv') }));
    while (files.received.length === 0) await sleep(10);
    const before = await api.blobs();
    sent.destroy();
    await closed;
    await sleep(50);
    expect((await api.blobs()).length).toBeLessThanOrEqual(before.length);
  });
});

describe('an address that isn’t public', () => {
  it.each([
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '127.0.0.1.',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::127.0.0.1]',
    '0.0.0.0',
    '[::]',
    'inside.test',
    'INSIDE.test',
    'both.test',
    '%6c%6f%63alhost',
    'ｉnside.test',
  ])('such as %s is refused unasked', async (host) => {
    const { detail, code } = await refusal(at('/rows.csv', host));
    expect(code).toBe('invalidUrl');
    expect(detail).toMatch(/its address isn’t public$/);
    expect(files.received).toEqual([]);
  });

  it.each(['169.254.169.254', '10.0.0.1', '100.64.0.1', '[fd00::1]', '[fe80::1]', '224.0.0.1'])(
    'such as %s is refused at once',
    async (host) => {
      const began = performance.now();
      expect((await refusal(`http://${host}/latest/meta-data`)).detail).toMatch(/isn’t public$/);
      expect(performance.now() - began).toBeLessThan(IDLE_MS);
    },
  );

  it.each(['127.0.0.1', '[::1]', 'inside.test', '0x7f.1'])(
    'is refused where a redirect leads to it: %s',
    async (host) => {
      FILES['/leads.csv'] = (_request, response) => redirect(response, at('/secret.csv', host));
      expect((await refusal(at('/leads.csv'))).detail).toMatch(/isn’t public$/);
      expect(files.received.map(({ url }) => url)).toEqual(['/leads.csv']);
    },
  );

  it('is refused whenever a name turns to it, however often it was another before', async () => {
    FILES['/turn.csv'] = (_request, response) => redirect(response, at('/secret.csv', 'turning.test'));
    turns = ['127.0.0.1'];
    expect((await refusal(at('/turn.csv'))).detail).toMatch(/isn’t public$/);
    turns = ['127.0.0.9', '127.0.0.1'];
    await api.context.outbound.check(at('/rows.csv', 'turning.test'));
    expect((await refusal(at('/rows.csv', 'turning.test'))).detail).toMatch(/isn’t public$/);
    expect(files.received.map(({ url }) => url)).toEqual(['/turn.csv']);
  });

  it('is looked up once a connection: what was looked at is what is connected to', async () => {
    turns = ['127.0.0.9', '127.0.0.1'];
    expect((await refusal(at('/rows.csv', 'turning.test'))).detail).toMatch(/can’t be reached/);
    expect(asked).toEqual(['turning.test']);
    expect(files.received).toEqual([]);
  });

  it('is told as one that there isn’t', async () => {
    const inside = (await refusal('http://inside.test/')).detail!;
    const nowhere = (await refusal('http://nowhere.test/')).detail!;
    expect(inside.replace('inside', 'nowhere')).toBe(nowhere);
  });
});

describe('an address that doesn’t answer as it should', () => {
  it.each([
    ['/secret.csv', /“files.test” answers 403$/],
    ['/page', /answers 404$/],
    ['/said.csv', /500000 bytes/],
    ['/endless.csv', /500000 bytes/],
    ['/zipped.csv', /content encoding/],
    ['/mute.csv', /silent for 0.4 s/],
    ['/stops.csv', /silent for 0.4 s/],
    ['/breaks.csv', /breaks off/],
    ['/loop.csv', /more than 5 times/],
    ['/lost.csv', /no address/],
    ['/to-file.csv', /http:\/\/ or https:\/\//],
    ['/to-user.csv', /user name/],
    ['/prototype', /“format”/],
  ])('%s is refused: %s', async (path, words) => {
    FILES['/page'] = (_request, response) => response.writeHead(404).end('the inside says');
    const { detail, code } = await refusal(at(path));
    expect(code).toBe('invalidUrl');
    expect(detail).toMatch(words);
    expect(detail).not.toMatch(/Hush|the inside says/);
  });

  it('with a file that can’t be read is told which line is wrong', async () => {
    const { code, detail } = await refusal(at('/bad.csv'));
    expect(code).toBe('invalidDataset');
    expect(detail).toMatch(/line 2/);
    expect((await refusal(at('/rows.csv'), { format: 'zip' })).code).toBe('invalidDataset');
  });

  it('at a port where nobody listens is told to be out of reach', async () => {
    const gone = await Receiver.start();
    await gone.stop();
    expect((await refusal(`http://files.test:${gone.port}/a.csv`)).detail).toMatch(/can’t be reached/);
  });

  it('over TLS that nobody vouches for is told so', async () => {
    expect((await refusal(at('/rows.csv').replace('http:', 'https:'))).detail).toMatch(/can’t be reached/);
  });
});

describe('a body that isn’t right', () => {
  it.each([
    [{}, '/url'],
    [{ url: 'rows.csv' }, '/url'],
    [{ url: 'ftp://files.test/a.csv' }, '/url'],
    [{ url: 'file:///etc/passwd' }, '/url'],
    [{ url: 'http://me:secret@files.test/a.csv' }, '/url'],
    [{ url: `http://files.test/${'x'.repeat(2_000)}` }, '/url'],
    [{ url: 'http://files.test/a', name: '' }, '/name'],
    [{ url: `http://files.test/${'x'.repeat(101)}.csv` }, '/name'],
    [{ url: 'http://files.test/a', format: 'parquet' }, '/format'],
    [{ url: 'http://files.test/a', columns: {} }, '/columns'],
    [{ url: 'http://files.test/a', columnTypes: { a: 'tensor' } }, '/columnTypes/a'],
  ])('%j is refused before anything is asked', async (body, pointer) => {
    const response = await api.post('/v1/datasets', body);
    expect(response.statusCode).toBe(400);
    expect(response.json<Problem>().errors![0]).toMatchObject({ pointer });
    expect(response.body).not.toContain('secret');
    expect(asked).toEqual([]);
  });
});

it('a long silence of the client’s own doesn’t end its wait', async () => {
  const sockets = once(api.app.server, 'request') as Promise<[{ socket: { timeout?: number } }]>;
  const pending = fetch(`${await api.listen()}/v1/datasets`, {
    method: 'POST',
    headers: { authorization: `Bearer ${OPERATOR_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ url: at('/mute.csv') }),
  });
  const [{ socket }] = await sockets;
  while (files.received.length === 0) await sleep(10);
  expect(socket.timeout).toBe(0);
  expect((await pending).status).toBe(422);
});
