import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';

/** A real redis-server of the test's own. */
export interface TestRedis {
  readonly url: string;
  /** Ends the server, gently or by SIGKILL; its data stay. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again, on the same port and the same data. */
  start(): Promise<void>;
  drop(): Promise<void>;
}

/** Where Redis isn't installed its tests are skipped, which their report then shows. */
export const redisInstalled = (process.env.PATH ?? '')
  .split(delimiter)
  .some((folder) => existsSync(join(folder, 'redis-server')));

export async function createTestRedis(): Promise<TestRedis> {
  const directory = await mkdtemp(join(tmpdir(), 'trainyard-redis-'));
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  let server: ChildProcess | undefined;

  const start = async () => {
    server = spawn(
      'redis-server',
      ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', directory, '--save', '', '--appendonly', 'yes'],
      { stdio: 'ignore' },
    );
    await answers(url);
  };
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    if (server === undefined) return;
    const ended = new Promise((resolve) => server?.once('exit', resolve));
    server.kill(signal);
    await ended;
    server = undefined;
  };
  await start();
  return {
    url,
    start,
    stop,
    async drop() {
      await stop('SIGKILL');
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function answers(url: string): Promise<void> {
  const client = new Redis(url, { retryStrategy: () => 50, maxRetriesPerRequest: 100 });
  client.on('error', () => {});
  await client.ping();
  client.disconnect();
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  while (!server.listening) await sleep(1);
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
