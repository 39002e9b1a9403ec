import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { OPERATOR_KEY, TestApi } from '../../api-server.ts';

const CSV = 'a,b\n1,2\n3,4\n5,6\n';

async function open(origin: string): Promise<Socket> {
  const socket = connect(Number(new URL(origin).port), '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

function head(line: string, headers: Record<string, string> = {}): string {
  const all = { host: 'localhost', authorization: `Bearer ${OPERATOR_KEY}`, ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return [`${line} HTTP/1.1`, ...lines, '', ''].join('\r\n');
}

async function answer(socket: Socket): Promise<string> {
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  return chunk.toString();
}

it('ends what is at work while it stops, and refuses what comes then as it refuses everything', async () => {
  const api = await TestApi.start();
  const origin = await api.listen();
  const [upload, later] = [await open(origin), await open(origin)];
  later.write(head('GET /v1/jobs'));
  expect(await answer(later)).toMatch(/^HTTP\/1\.1 200/);
  const type = { 'content-type': 'text/csv', 'content-length': String(CSV.length) };
  upload.write(head('POST /v1/datasets?name=late', type) + CSV.slice(0, 6));
  await sleep(100);

  const stopped = api.stop();
  await sleep(100);
  later.write(head('GET /v1/jobs'));
  const refused = await answer(later);
  expect(refused).toMatch(/^HTTP\/1\.1 503/);
  expect(refused).toMatch(/^content-type: application\/problem\+json/im);
  expect(refused).toMatch(/^retry-after: 5/im);
  upload.write(CSV.slice(6));
  expect(await answer(upload)).toMatch(/^HTTP\/1\.1 201/);
  await stopped;
});
