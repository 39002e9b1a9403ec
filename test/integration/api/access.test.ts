import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiKeyResource, CreatedApiKey } from '../../../src/spec/resource/api-key.ts';
import { jobSpec, ROWS, TestApi } from '../../api-server.ts';

describe('API keys', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await TestApi.start();
  });
  afterAll(() => api.stop());

  it('are shown once, kept as a hash, listed without either, and revoked', async () => {
    const created = await api.post('/v1/api-keys', { name: 'ci', scopes: ['read', 'write', 'read'] });
    expect(created.statusCode).toBe(201);
    expect(created.headers['cache-control']).toBe('no-store');
    const key = created.json<CreatedApiKey>();
    expect(key).toMatchObject({
      name: 'ci',
      scopes: ['read', 'write'],
      project: 'default',
      lastUsedAt: null,
    });
    expect(key.secret).toMatch(/^ty_[\w-]{43}$/);
    const list = await api.get('/v1/api-keys');
    expect(list.json().data.map(({ id }: ApiKeyResource) => id)).toContain(key.id);
    expect(list.body).not.toMatch(/secret|hash/);

    expect((await api.get('/v1/jobs', key.secret!)).statusCode).toBe(200);
    await sleep(100);
    const used = (await api.get('/v1/api-keys')).json().data.find(({ id }: ApiKeyResource) => id === key.id);
    expect(Date.parse(used.lastUsedAt)).toBeGreaterThan(Date.now() - 60_000);

    expect((await api.request({ method: 'DELETE', url: `/v1/api-keys/${key.id}` })).statusCode).toBe(204);
    expect((await api.get('/v1/jobs', key.secret!)).statusCode).toBe(401);
    expect((await api.request({ method: 'DELETE', url: `/v1/api-keys/${key.id}` })).statusCode).toBe(404);
  });

  it('are made once by an idempotency key, whose replay has no secret', async () => {
    const request = {
      method: 'POST',
      url: '/v1/api-keys',
      headers: { 'idempotency-key': 'k1' },
      payload: { name: 'once', scopes: ['read'] },
    } as const;
    const first = (await api.request(request)).json<CreatedApiKey>();
    const again = await api.request(request);
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect(again.json()).toEqual({ ...first, secret: null });
    expect((await api.get('/v1/jobs', first.secret!)).statusCode).toBe(200);
  });

  it('belong to a project, of which only the operator may choose another', async () => {
    const theirs = await api.createKey(['admin'], 'theirs');
    const own = await api.post('/v1/api-keys', { name: 'own', scopes: ['read'] }, theirs);
    expect(own.json()).toMatchObject({ project: 'theirs' });
    expect(
      (await api.post('/v1/api-keys', { name: 'x', scopes: ['read'], project: 'theirs' }, theirs)).statusCode,
    ).toBe(201);
    const foreign = await api.post(
      '/v1/api-keys',
      { name: 'x', scopes: ['read'], project: 'default' },
      theirs,
    );
    expect(foreign.json()).toMatchObject({ status: 403, code: 'forbidden' });
    const seen = (await api.get('/v1/api-keys', theirs)).json().data as ApiKeyResource[];
    expect(new Set(seen.map(({ project }) => project))).toEqual(new Set(['theirs']));
    const stolen = await api.request({ method: 'DELETE', url: `/v1/api-keys/${own.json().id}` });
    expect(stolen.statusCode).toBe(404);
  });

  it.each([
    [{ name: 'x', scopes: [] }, '/scopes'],
    [{ name: 'x', scopes: ['root'] }, '/scopes/0'],
    [{ name: '', scopes: ['read'] }, '/name'],
    [{ name: 'x', scopes: ['read'], secret: 'ty_mine' }, '/secret'],
  ])('can’t be made of %j', async (body, pointer) => {
    const response = await api.post('/v1/api-keys', body);
    expect(response.statusCode).toBe(400);
    expect(response.json().errors[0].pointer).toBe(pointer);
  });

  it.each(['Basic abc', 'Bearer', 'Bearer a b', 'ty_x'])('aren’t taken as “%s”', async (authorization) => {
    const response = await api.app.inject({ url: '/v1/jobs', headers: { authorization } });
    expect(response.statusCode).toBe(401);
  });
});

describe('open mode', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await TestApi.start({ TRAINYARD_OPERATOR_KEY: '' });
  });
  afterAll(() => api.stop());

  const upload = (headers: Record<string, string>) =>
    api.app.inject({
      method: 'POST',
      url: '/v1/datasets?name=open',
      headers: { 'content-type': 'text/csv', ...headers },
      payload: ROWS,
    });

  it('asks for no key', async () => {
    const { id } = (await upload({ host: '127.0.0.1:8080' })).json();
    const job = await api.app.inject({ method: 'POST', url: '/v1/jobs', payload: jobSpec(id) });
    expect(job.statusCode).toBe(202);
    const key = await api.app.inject({
      method: 'POST',
      url: '/v1/api-keys',
      payload: { name: 'k', scopes: ['read'], project: 'another' },
    });
    const { secret } = key.json();
    // Who shows a key is who it says.
    expect((await api.get('/v1/jobs', secret)).json().data).toEqual([]);
    expect((await api.get('/v1/jobs', 'ty_wrong')).statusCode).toBe(401);
  });

  it.each(['localhost', 'localhost:8080', '127.0.0.1', '127.8.9.1:1', '[::1]:8080'])(
    'takes %s',
    async (host) => {
      expect((await api.app.inject({ url: '/v1/jobs', headers: { host } })).statusCode).toBe(200);
    },
  );

  it.each([
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '10.0.0.1',
    '127.evil.example:80',
  ])('refuses a rebound name: %s', async (host) => {
    const response = await api.app.inject({ url: '/health/live', headers: { host } });
    expect(response.json()).toMatchObject({ status: 403, code: 'forbidden' });
  });

  it('refuses a request without a host', async () => {
    const url = new URL(await api.listen());
    const socket = connect(Number(url.port), url.hostname);
    socket.end('GET /v1/jobs HTTP/1.0\r\n\r\n');
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 403/);
  });

  it.each([
    [{ origin: 'http://evil.example' }, 403],
    [{ origin: 'null' }, 403],
    [{ origin: 'https://localhost:8080' }, 403],
    [{ origin: 'http://localhost:3000' }, 403],
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    [{ 'sec-fetch-site': 'same-site' }, 403],
    [{ origin: 'http://localhost:8080', 'sec-fetch-site': 'same-origin' }, 201],
    [{ 'sec-fetch-site': 'none' }, 201],
  ] as [Record<string, string>, number][])('lets a page at %j do so much: %i', async (headers, status) => {
    expect((await upload({ host: 'localhost:8080', ...headers })).statusCode).toBe(status);
  });
});
