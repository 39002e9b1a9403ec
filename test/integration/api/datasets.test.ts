import { createHash } from 'node:crypto';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatasetResource } from '../../../src/spec/resource/dataset.ts';
import type { Problem } from '../../../src/spec/resource/problem.ts';
import { jobSpec, OPERATOR_KEY, ROWS, TestApi } from '../../api-server.ts';

const LIMIT = 500_000;
const authorization = `Bearer ${OPERATOR_KEY}`;
let api: TestApi;
let url: string;

beforeAll(async () => {
  api = await TestApi.start({ TRAINYARD_MAX_UPLOAD_BYTES: String(LIMIT) });
  url = await api.listen();
});
afterAll(() => api.stop());

function file(content: string, name: string, type = ''): File {
  return new File([content], name, { type });
}

async function problem(response: Response): Promise<Problem> {
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  return (await response.json()) as Problem;
}

describe('an upload', () => {
  it('as a raw body infers columns and answers where the data set is', async () => {
    const response = await api.upload(ROWS);
    expect(response.statusCode).toBe(201);
    const dataset = response.json<DatasetResource>();
    expect(response.headers.location).toBe(`/v1/datasets/${dataset.id}`);
    expect(dataset).toMatchObject({
      name: 'line',
      format: 'csv',
      bytes: ROWS.length,
      rows: 40,
      sha256: createHash('sha256').update(ROWS).digest('hex'),
    });
    expect(dataset.columns.map(({ name, type }) => [name, type])).toEqual([
      ['x', 'number'],
      ['y', 'number'],
      ['kind', 'category'],
    ]);
    expect((await api.get(dataset.urls.self)).json()).toEqual(dataset);
  });

  it.each(['before', 'after'])('as a form takes a name that stands %s the file', async (where) => {
    const name: [string, string] = ['name', 'from a form'];
    const csv: [string, File] = ['file', file(ROWS, 'rows.csv', 'text/csv')];
    const response = await api.uploadForm(where === 'before' ? [name, csv] : [csv, name]);
    expect(response.status).toBe(201);
    expect(await response.json()).toMatchObject({ name: 'from a form', rows: 40 });
  });

  it('goes by the file’s name where the media type says nothing, and takes it for the data set’s', async () => {
    const lines = file('{"a":1,"b":"u"}\n{"a":null,"b":"v"}\n', 'rows.ndjson', 'application/octet-stream');
    const response = await api.uploadForm([['file', lines]]);
    expect(await response.json()).toMatchObject({ name: 'rows.ndjson', format: 'jsonl', rows: 2 });
  });

  it('takes column types', async () => {
    const query = `?name=typed&columnTypes=${encodeURIComponent('{"x":"category"}')}`;
    const raw = (await api.upload(ROWS, {}, query)).json<DatasetResource>();
    expect(raw.columns[0]).toMatchObject({ name: 'x', type: 'category', distinct: 40 });
    const form = await api.uploadForm([
      ['columnTypes', '{"x":"text"}'],
      ['file', file(ROWS, 'rows.csv')],
    ]);
    expect(((await form.json()) as DatasetResource).columns[0]).toMatchObject({ name: 'x', type: 'text' });
  });

  it('lists, filters by name, pages and previews', async () => {
    const wanted = [(await api.upload(ROWS, {}, '?name=paged')).json().id];
    wanted.push((await api.upload(ROWS, {}, '?name=paged')).json().id);
    const first = (await api.get('/v1/datasets?name=paged&limit=1')).json();
    const second = (await api.get(`/v1/datasets?name=paged&limit=1&cursor=${first.nextCursor}`)).json();
    expect([...first.data, ...second.data].map(({ id }) => id)).toEqual(wanted);
    expect(second.nextCursor).toBeNull();
    const preview = (await api.get(`/v1/datasets/${wanted[0]}/preview?limit=2`)).json();
    expect(preview).toEqual({
      data: [
        { x: '0', y: '0', kind: 'even' },
        { x: '1', y: '3', kind: 'odd' },
      ],
      nextCursor: null,
    });
  });
});

describe('a bad file', () => {
  const cases: [string, string, RegExp][] = [
    ['a ragged row', 'a,b\n1,2\n3\n', /line 3/],
    ['text in a numeric column', `a,b\n${'1,2\n'.repeat(30)}1,two\n`, /line 32, column “b”.*two/],
    ['an empty file', '', /empty/],
    ['only a header', 'a,b\n', /no row/],
    ['bytes that aren’t UTF-8', 'a,b\n1,\ufffd\n', /line 2.*UTF-8/],
  ];
  it.each(cases)('%s is refused with its place, and leaves nothing', async (name, text, message) => {
    const before = await api.blobs();
    const payload = name.includes('UTF-8')
      ? Buffer.concat([Buffer.from('a,b\n1,'), Buffer.from([0xff, 0xfe, 10])])
      : Buffer.from(text);
    const response = await api.request({
      method: 'POST',
      url: '/v1/datasets?name=bad',
      headers: { 'content-type': 'text/csv' },
      payload,
    });
    expect(response.statusCode).toBe(422);
    const body = response.json<Problem>();
    expect(body).toMatchObject({ code: 'invalidDataset', errors: [{ pointer: '/file' }] });
    expect(body.detail).toMatch(message);
    expect(await api.blobs()).toEqual(before);
  });

  it('in a form is refused the same way', async () => {
    const response = await api.uploadForm([['file', file('a,b\n1\n', 'ragged.csv')]]);
    expect(response.status).toBe(422);
    expect((await problem(response)).detail).toMatch(/line 2/);
  });

  it('deep in a large file is found, and what was stored of it is gone', async () => {
    const before = await api.blobs();
    const response = await fetch(`${url}/v1/datasets?name=late`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'text/csv' },
      body: `a,b\n${'1,2\n'.repeat(100_000)}1,2,3\n`,
    });
    expect(response.status).toBe(422);
    expect((await problem(response)).detail).toMatch(/line 100002/);
    expect(await api.blobs()).toEqual(before);
  });
});

describe('a form that isn’t right', () => {
  it.each([
    ['no file', [['name', 'n']], 400, /“file”/],
    [
      'an unknown part',
      [
        ['nam', 'n'],
        ['file', file(ROWS, 'r.csv')],
      ],
      400,
      /\/nam: Unknown field/,
    ],
    [
      'another format',
      [['file', file('x', 'r.xlsx', 'application/vnd.ms-excel')]],
      415,
      /neither CSV nor JSONL/,
    ],
    [
      'types that aren’t JSON',
      [
        ['columnTypes', '{'],
        ['file', file(ROWS, 'r.csv')],
      ],
      400,
      /isn’t JSON/,
    ],
    [
      'an unknown type',
      [
        ['columnTypes', '{"x":"int"}'],
        ['file', file(ROWS, 'r.csv')],
      ],
      400,
      /\/columnTypes\/x/,
    ],
    [
      'types after the file',
      [
        ['file', file(ROWS, 'r.csv')],
        ['columnTypes', '{"x":"text"}'],
      ],
      400,
      /before “file”/,
    ],
    [
      'two files',
      [
        ['file', file(ROWS, 'r.csv')],
        ['file', file(ROWS, 's.csv')],
      ],
      400,
      /a second file/,
    ],
  ] as [string, [string, string | File][], number, RegExp][])(
    'with %s',
    async (_name, parts, status, detail) => {
      const before = await api.blobs();
      const response = await api.uploadForm(parts);
      const body = await problem(response);
      expect(body.detail).toMatch(detail);
      expect(response.status).toBe(status);
      expect(await api.blobs()).toEqual(before);
    },
  );

  it('that breaks off in the middle leaves nothing', async () => {
    const before = await api.blobs();
    const request = httpRequest(`${url}/v1/datasets?name=broken`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'text/csv', 'content-length': 1_000_000 },
    });
    request.on('error', () => {});
    request.write('a,b\n1,2\n');
    await sleep(200);
    request.destroy();
    await sleep(300);
    expect(await api.blobs()).toEqual(before);
  });

  it.each([
    ['no media type', { 'content-type': '' }, 415],
    ['another media type', { 'content-type': 'application/xml' }, 415],
    ['the media type of an address', { 'content-type': 'application/json' }, 400],
    ['a content encoding', { 'content-encoding': 'gzip' }, 415],
  ])('or a raw body with %s', async (_name, headers, status) => {
    expect((await api.upload(ROWS, headers as Record<string, string>)).statusCode).toBe(status);
  });

  it('or a raw body without a name', async () => {
    const response = await api.upload(ROWS, {}, '');
    expect(response.statusCode).toBe(400);
    expect(response.json().detail).toMatch(/“name”/);
  });
});

describe('an upload over the limit', () => {
  it('is refused at once where it is declared: 10 GB, of which nothing is sent', async () => {
    const request = httpRequest(`${url}/v1/datasets?name=huge`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'text/csv', 'content-length': 10_000_000_000 },
    });
    request.on('error', () => {});
    const response = await answered(request);
    expect(response.statusCode).toBe(413);
    request.destroy();
  });

  it.each(['text/csv', 'multipart/form-data; boundary=b'])(
    'is refused as it streams past it: %s',
    async (type) => {
      const before = await api.blobs();
      const request = httpRequest(`${url}/v1/datasets?name=endless`, {
        method: 'POST',
        headers: { authorization, 'content-type': type, 'transfer-encoding': 'chunked' },
      });
      let hungUp = false;
      request.on('error', () => {
        hungUp = true;
      });
      const answer = answered(request);
      if (type !== 'text/csv') {
        request.write('--b\r\ncontent-disposition: form-data; name="file"; filename="e.csv"\r\n\r\n');
      }
      request.write('a,b\n');
      const chunk = '1,2\n'.repeat(1_000);
      // Sends until it is cut off, as one who doesn’t listen would.
      const sending = (async () => {
        while (!hungUp && !request.destroyed) {
          request.write(chunk);
          await sleep(2);
        }
      })();
      const response = await answer;
      expect(response.statusCode).toBe(413);
      expect(JSON.parse(await text(response))).toMatchObject({ code: 'tooLarge' });
      await sending;
      expect(await api.blobs()).toEqual(before);
    },
  );
});

describe('deleting', () => {
  it('removes the content with the last data set that has it', async () => {
    const csv = `${ROWS}\n100,200,odd`;
    const [one, two] = [await api.createDataset(csv), await api.createDataset(csv)];
    const remove = (id: string) => api.request({ method: 'DELETE', url: `/v1/datasets/${id}` });
    expect((await remove(one.id)).statusCode).toBe(204);
    expect(await api.blobs()).toContain(one.sha256);
    expect((await remove(two.id)).statusCode).toBe(204);
    expect(await api.blobs()).not.toContain(one.sha256);
    expect((await remove(two.id)).statusCode).toBe(404);
  });

  it('is refused while a job needs it', async () => {
    const { id } = await api.createDataset();
    const job = (await api.post('/v1/jobs', jobSpec(id))).json();
    const remove = () => api.request({ method: 'DELETE', url: `/v1/datasets/${id}` });
    const refused = await remove();
    expect(refused.statusCode).toBe(409);
    expect(refused.json().code).toBe('datasetInUse');
    expect((await api.post(`/v1/jobs/${job.id}/cancel`, {})).statusCode).toBe(202);
    expect((await remove()).statusCode).toBe(204);
  });

  it('while the same content is uploaded never leaves a data set without it', async () => {
    const csv = `${ROWS}\n101,202,odd`;
    const rounds = Array.from({ length: 12 }, async () => {
      const response = await api.upload(csv);
      if (response.statusCode !== 201) {
        // Told to come again, rather than given a data set that can’t be read.
        expect(response.statusCode).toBe(503);
        return;
      }
      const { id } = response.json();
      expect((await api.get(`/v1/datasets/${id}/preview`)).statusCode).toBe(200);
      await api.request({ method: 'DELETE', url: `/v1/datasets/${id}` });
    });
    await Promise.all(rounds);
    expect(await api.blobs()).not.toContain(createHash('sha256').update(csv).digest('hex'));
  });
});

describe('an idempotency key', () => {
  it('brings back the first answer for the same upload, and refuses another', async () => {
    const headers = { 'idempotency-key': 'upload-1' };
    const first = await api.upload(ROWS, headers);
    const again = await api.upload(ROWS, headers);
    expect(again.statusCode).toBe(201);
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect(again.json()).toEqual(first.json());
    const other = await api.upload(`${ROWS}\n7,7,odd`, headers);
    expect(other.statusCode).toBe(422);
    expect(other.json().code).toBe('idempotencyMismatch');
    expect(await api.blobs()).not.toContain(createHash('sha256').update(`${ROWS}\n7,7,odd`).digest('hex'));
  });
});

function answered(request: ReturnType<typeof httpRequest>): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.flushHeaders();
    request.on('response', resolve);
    request.on('close', () => reject(new Error('the connection was closed without an answer')));
  });
}

async function text(response: IncomingMessage): Promise<string> {
  let whole = '';
  for await (const chunk of response) whole += chunk;
  return whole;
}
