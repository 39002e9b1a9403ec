import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../../../src/adapters/embedded/cluster.ts';
import type { Scope } from '../../../src/spec/resource/api-key.ts';
import { INTERNAL_TOKEN, OPERATOR_KEY } from '../../api-server.ts';
import { type Answer, ApiProcess } from '../../fuzz/service.ts';
import { startTestPostgres } from '../../postgres-server.ts';
import { childrenOf } from '../../processes.ts';
import { createTestRedis, type TestRedis } from '../../redis.ts';
import { PROBE } from './measure.ts';

/** Durable as Postgres is by itself: `fsync`, `synchronous_commit` and `full_page_writes` stay on. */
const POSTGRES: Settings = { shared_buffers: '1GB', max_wal_size: '8GB', max_connections: 100 };

/** The built service on servers of its own, each process as in production. */
export class Service {
  readonly databaseUrl: string;
  readonly api: ApiProcess;
  readonly #key: string;
  readonly #redis: TestRedis | undefined;
  readonly #workers: ChildProcess[] = [];
  readonly #endPostgres: () => Promise<void>;

  private constructor(
    databaseUrl: string,
    api: ApiProcess,
    key: string,
    redis: TestRedis | undefined,
    endPostgres: () => Promise<void>,
  ) {
    this.databaseUrl = databaseUrl;
    this.api = api;
    this.#key = key;
    this.#redis = redis;
    this.#endPostgres = endPostgres;
  }

  /** @param redis whether the queue lives in Redis, rather than in Postgres */
  static async start(redis: boolean, settings: Readonly<Record<string, string>> = {}): Promise<Service> {
    const { url, drop: end } = await startTestPostgres(POSTGRES);
    const server = redis ? await createTestRedis() : undefined;
    const api = await ApiProcess.start(url, {
      NODE_OPTIONS: `--import ${PROBE}`,
      ...(server && { REDIS_URL: server.url }),
      ...settings,
    });
    return new Service(url, api, await createKey(api), server, end);
  }

  /** Starts a worker and waits until it is ready. */
  async startWorker(settings: Readonly<Record<string, string>> = {}): Promise<WorkerProcess> {
    const log = openSync(join(this.api.home, 'worker.log'), 'a');
    const worker = fork(new URL('../../../dist/apps/worker/main.js', import.meta.url), {
      env: {
        PATH: process.env.PATH!,
        DATABASE_URL: this.databaseUrl,
        TRAINYARD_HOME: this.api.home,
        TRAINYARD_INTERNAL_TOKEN: INTERNAL_TOKEN,
        NODE_OPTIONS: `--import ${PROBE}`,
        ...(this.#redis && { REDIS_URL: this.#redis.url }),
        ...settings,
      },
      stdio: ['ignore', log, log, 'ipc'],
      // Not by the loader that this process has: it is the built service that is measured.
      execArgv: [],
    });
    this.#workers.push(worker);
    const ended = once(worker, 'exit').then(() => {
      throw new Error(`The worker ended; see ${join(this.api.home, 'worker.log')}`);
    });
    ended.catch(() => {});
    await Promise.race([once(worker, 'message'), ended]);
    const children = await childrenOf(worker.pid!);
    const predictor = children.find(({ program }) => program.includes('predictor.js'))!;
    return { pid: worker.pid!, predictorPid: predictor.pid };
  }

  get headers(): Record<string, string> {
    return { authorization: `Bearer ${this.#key}` };
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.api.ask({ method: 'GET', path, headers: { ...this.headers, ...headers }, body: undefined });
  }

  post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.api.ask({
      method: 'POST',
      path,
      headers: { ...this.headers, 'content-type': 'application/json', ...headers },
      body: Buffer.from(JSON.stringify(body)),
    });
  }

  async uploadCsv(csv: string): Promise<string> {
    const headers = { ...this.headers, 'content-type': 'text/csv' };
    const path = '/v1/datasets?name=line';
    const answer = await this.api.ask({ method: 'POST', path, headers, body: Buffer.from(csv) });
    return JSON.parse(answer.body).id;
  }

  async stopWorkers(): Promise<void> {
    for (const worker of this.#workers.splice(0)) {
      if (worker.exitCode !== null || worker.signalCode !== null) continue;
      const exit = once(worker, 'exit');
      worker.kill('SIGTERM');
      await exit;
    }
  }

  async stop(): Promise<void> {
    await this.stopWorkers();
    await this.api.stop();
    await this.#redis?.drop();
    await this.#endPostgres();
  }
}

export interface WorkerProcess {
  readonly pid: number;
  readonly predictorPid: number;
}

/** An ordinary key, which is looked up for each request. */
async function createKey(api: ApiProcess): Promise<string> {
  const scopes: Scope[] = ['write'];
  const answer = await api.ask({
    method: 'POST',
    path: '/v1/api-keys',
    headers: { authorization: `Bearer ${OPERATOR_KEY}`, 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify({ name: 'load', scopes, project: 'default' })),
  });
  return JSON.parse(answer.body).secret;
}
