import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OPERATOR_KEY, TestApi } from '../../api-server.ts';
import { formOf, importForm } from '../../form.ts';
import { smallModel } from '../../small-model.ts';

/** Requests that nobody sends who means well are told so, and are no fault of the service. */

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

const csv = formOf(['name', 'a'], ['file', 'a.csv', Buffer.from('x,y\n1,2\n3,4\n')]);
const model = importForm(smallModel());

describe.each([
  ['/v1/datasets', csv],
  ['/v1/models', model],
] as const)('a form to %s', (url, { payload, headers }) => {
  const send = (body: Buffer, type = headers['content-type']) =>
    api.request({ method: 'POST', url, payload: body, headers: { 'content-type': type } });

  it.each([0.2, 0.5, 0.8, 0.97])('that breaks off after %d of it is refused', async (share) => {
    const response = await send(payload.subarray(0, Math.floor(payload.length * share)));
    expect(response.json()).toMatchObject({ status: 400, code: 'invalidRequest' });
  });

  it.each([
    'multipart/form-data',
    'multipart/form-data; boundary=another',
    `multipart/form-data; boundary=${'x'.repeat(300)}`,
  ])('of the type %s is refused', async (type) => {
    const response = await send(payload, type);
    expect(response.json()).toMatchObject({ status: 400, code: 'invalidRequest' });
  });

  it.each(['application/json', 'application/json; charset=utf-8'])(
    'whose field of the type %s nests deeper than any stack is refused',
    async (type) => {
      const boundary = payload.subarray(0, payload.indexOf('\r\n'));
      const head = `\r\ncontent-disposition: form-data; name="name"\r\ncontent-type: ${type}\r\n\r\n`;
      const bomb = Buffer.from(`${head}${'['.repeat(100_000)}${']'.repeat(100_000)}\r\n`);
      const response = await send(Buffer.concat([boundary, bomb, payload]));
      expect(response.json()).toMatchObject({ status: 400, detail: 'name nests deeper than 64 levels' });
    },
  );

  it('whose field would reach for a prototype is refused', async () => {
    for (const name of ['__proto__', 'constructor', 'toString']) {
      const form = formOf([name, 'x'], ['file', 'a.csv', Buffer.from('x\n1')]);
      expect((await send(form.payload, form.headers['content-type'])).statusCode).toBe(400);
    }
    expect({}).not.toHaveProperty('polluted');
  });
});

it('a model may come in more than a thousand parts, and in no more than its form takes', async () => {
  const { 'model.json': json, ...shards } = smallModel();
  const send = (count: number) => {
    const others = Array.from({ length: count }, (_, i) => [`other${i}`, Buffer.from('x')]);
    const files = { 'model.json': json!, ...shards, ...Object.fromEntries(others) };
    return api.request({ method: 'POST', url: '/v1/models', ...importForm(files) });
  };
  expect((await send(1_200)).statusCode).toBe(201);
  expect((await send(2_100)).json()).toMatchObject({ status: 413, code: 'tooLarge' });
});

it('JSON in a form’s text nests no deeper than a body', async () => {
  const columnTypes = `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`;
  const form = formOf(['columnTypes', columnTypes], ['file', 'a.csv', Buffer.from('x\n1')]);
  const response = await api.request({ method: 'POST', url: '/v1/datasets', ...form });
  expect(response.json()).toMatchObject({ status: 400, detail: 'columnTypes nests deeper than 64 levels' });
});

describe('text that nothing can hold', () => {
  it.each([
    ['text/csv', 'x,kind\n1,a\n2,b\0\n'],
    ['text/csv', 'x,a\0b\n1,2\n'],
    ['application/x-ndjson', '{"x": 1, "kind": "a"}\n{"x": 2, "kind": "\\ud800"}'],
    ['application/x-ndjson', '{"x": 1, "kind": "a"}\n{"x": 2, "kind": "\\u0000"}'],
    ['application/x-ndjson', '{"x": 1}\n{"x\\udc00": 2}'],
  ])('is refused in a data set, with its line: %s %j', async (type, payload) => {
    const headers = { 'content-type': type };
    const response = await api.request({ method: 'POST', url: '/v1/datasets?name=a', headers, payload });
    expect(response.json()).toMatchObject({ status: 422, code: 'invalidDataset' });
    expect(response.json().detail).toMatch(/half a character/);
    expect(response.json().detail).toMatch(payload.startsWith('x,a') ? /line 1/ : /line [23]/);
  });

  it.each(['classes', 'inputs'])('is refused in the %s of an import', async (field) => {
    const form = importForm(smallModel(), { [field]: '["a", "b\\ud800"]' });
    const response = await api.request({ method: 'POST', url: '/v1/models', ...form });
    expect(response.json()).toMatchObject({ status: 400, code: 'invalidRequest' });
  });
});

describe('a file without a name', () => {
  const nameless = (form: ReturnType<typeof formOf>) => ({
    ...form,
    payload: Buffer.from(form.payload.toString('latin1').replace(/; filename="[^"]*"/, ''), 'latin1'),
  });

  it('is no data set of a format, and no name for a model', async () => {
    const dataset = await api.request({ method: 'POST', url: '/v1/datasets', ...nameless(csv) });
    expect(dataset.json()).toMatchObject({ status: 415, code: 'unsupportedMediaType' });
    const answer = await api.request({ method: 'POST', url: '/v1/models', ...nameless(model) });
    expect(answer.json()).toMatchObject({ status: 422, errors: [{ pointer: '/name' }] });
  });
});

it('a body that is too large is told so, whether its client waits for that or not', async () => {
  const url = new URL('/v1/jobs', await api.listen());
  const body = Buffer.alloc(40 * 2 ** 20, ' ');
  const headers = {
    authorization: `Bearer ${OPERATOR_KEY}`,
    'content-type': 'application/json',
    'content-length': body.length,
  };
  const answer = await new Promise<string>((resolve, reject) => {
    const sent = request(url, { method: 'POST', headers });
    sent.on('error', reject);
    sent.on('response', (response) => resolve(text(response)));
    sent.end(body);
  });
  expect(JSON.parse(answer)).toMatchObject({ status: 413, code: 'tooLarge' });
});
