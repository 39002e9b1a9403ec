import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ArtifactResource } from '../../../src/spec/resource/artifact.ts';
import type { JobResource } from '../../../src/spec/resource/job.ts';
import { TestApi } from '../../api-server.ts';

const CONTENT = 'The content of an artifact.';
const NAME = 'rapport d’été/model.bin';
let api: TestApi;
let job: JobResource;
let artifact: ArtifactResource;

beforeAll(async () => {
  api = await TestApi.start();
  job = await api.createJob();
  const blob = await api.context.blobs.put(Readable.from([CONTENT]));
  await api.context.store.artifacts.put({
    id: 'art_1',
    jobId: job.id,
    name: NAME,
    mediaType: 'application/octet-stream',
    blobKey: blob.key,
    bytes: blob.bytes,
    createdAt: new Date(),
  });
  artifact = (await api.get(job.urls.artifacts)).json().data[0];
});
afterAll(() => api.stop());

function download(headers: Record<string, string> = {}, method: 'GET' | 'HEAD' = 'GET') {
  return api.request({ method, url: artifact.url, headers });
}

it('lists what a job has stored, each with where it is', () => {
  expect(artifact).toMatchObject({ jobId: job.id, name: NAME, bytes: CONTENT.length });
  expect(artifact.url).toBe(`${job.urls.artifacts}/rapport%20d%E2%80%99%C3%A9t%C3%A9%2Fmodel.bin`);
});

it('downloads the whole, as a file that no browser runs', async () => {
  const response = await download();
  expect([response.statusCode, response.body]).toEqual([200, CONTENT]);
  expect(response.headers).toMatchObject({
    'content-type': 'application/octet-stream',
    'content-length': String(CONTENT.length),
    'accept-ranges': 'bytes',
    etag: `"${artifact.sha256}"`,
    'x-content-type-options': 'nosniff',
    'content-disposition': "attachment; filename*=UTF-8''rapport%20d%E2%80%99%C3%A9t%C3%A9%2Fmodel.bin",
  });
});

it.each([
  ['bytes=0-2', 'bytes 0-2', 'The'],
  ['bytes=4-', 'bytes 4-26', CONTENT.slice(4)],
  ['bytes=-9', 'bytes 18-26', 'artifact.'],
  ['bytes=20-999', 'bytes 20-26', CONTENT.slice(20)],
])('sends the range %s', async (range, told, body) => {
  const response = await download({ range });
  expect([response.statusCode, response.body]).toEqual([206, body]);
  expect(response.headers['content-range']).toBe(`${told}/${CONTENT.length}`);
  expect(response.headers['content-length']).toBe(String(body.length));
});

it.each(['bytes=5-2', 'lines=1-2', 'bytes=0-1,4-5', 'bytes=a-b'])('ignores the range %s', async (range) => {
  expect((await download({ range })).statusCode).toBe(200);
});

it.each(['bytes=27-', 'bytes=100-200', 'bytes=-0'])('refuses the range %s', async (range) => {
  const response = await download({ range });
  expect(response.json()).toMatchObject({ status: 416, code: 'rangeNotSatisfiable' });
  expect(response.headers['content-range']).toBe(`bytes */${CONTENT.length}`);
});

it('sends a range only of the content that the client means', async () => {
  const range = 'bytes=0-2';
  expect((await download({ range, 'if-range': `"${artifact.sha256}"` })).statusCode).toBe(206);
  expect((await download({ range, 'if-range': '"another"' })).body).toBe(CONTENT);
});

it('sends nothing that the client has', async () => {
  const response = await download({ 'if-none-match': `"${artifact.sha256}"` });
  expect([response.statusCode, response.body]).toEqual([304, '']);
});

it('answers HEAD with the same headers', async () => {
  const response = await download({}, 'HEAD');
  expect([response.statusCode, response.body]).toEqual([200, '']);
  expect(response.headers['content-length']).toBe(String(CONTENT.length));
});

it('knows no other name', async () => {
  expect((await api.get(`${job.urls.artifacts}/other`)).statusCode).toBe(404);
});
