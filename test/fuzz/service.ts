import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { INTERNAL_TOKEN, OPERATOR_KEY } from '../api-server.ts';
import type { FuzzRequest } from './requests.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  readonly milliseconds: number;
}

/** Whoever hasn’t answered after this never will. */
const GIVE_UP_MS = 30_000;

/** A built API as a process of its own, on a database that is given. */
export class ApiProcess {
  readonly home: string;
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #agent = new Agent({ keepAlive: true });

  private constructor(home: string, child: ChildProcess, url: string) {
    this.home = home;
    this.#child = child;
    this.url = url;
  }

  static async start(databaseUrl: string, settings: Record<string, string> = {}): Promise<ApiProcess> {
    const home = await mkdtemp(join(tmpdir(), 'trainyard-fuzz-'));
    const log = openSync(join(home, 'api.log'), 'a');
    const child = fork(new URL('../../dist/apps/api/main.js', import.meta.url), {
      env: {
        PATH: process.env.PATH!,
        DATABASE_URL: databaseUrl,
        TRAINYARD_HOME: home,
        TRAINYARD_INTERNAL_TOKEN: INTERNAL_TOKEN,
        TRAINYARD_OPERATOR_KEY: OPERATOR_KEY,
        PORT: '0',
        // What is fetched from there, and told there, finds nobody; and nothing leaves this machine.
        TRAINYARD_ALLOWED_PRIVATE_HOSTS: '127.0.0.1',
        // What has no key, or a wrong one, isn’t to keep the others out.
        TRAINYARD_MAX_FAILED_KEYS_PER_MINUTE: '1000000',
        ...settings,
      },
      execArgv: [],
      stdio: ['ignore', log, log, 'ipc'],
    });
    const ended = once(child, 'exit').then(() => null);
    const told = once(child, 'message').then(([message]) => (message as { url: string }).url);
    const url = await Promise.race([told, ended]);
    if (url === null) throw new Error(await readFile(join(home, 'api.log'), 'utf8'));
    return new ApiProcess(home, child, url);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get runs(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** @throws Error when there is no answer */
  ask({ method, path, headers, body }: Omit<FuzzRequest, 'operationId'>): Promise<Answer> {
    const startedAt = performance.now();
    return new Promise((resolve, reject) => {
      const length = body === undefined ? {} : { 'content-length': body.length };
      const sent = request(`${this.url}${path}`, {
        method,
        headers: { ...headers, ...length },
        agent: this.#agent,
        timeout: GIVE_UP_MS,
      });
      sent.on('timeout', () => sent.destroy(new Error(`no answer within ${GIVE_UP_MS} ms`)));
      sent.on('error', reject);
      sent.on('response', (response) => {
        const chunks: Buffer[] = [];
        const finish = () =>
          resolve({
            status: response.statusCode!,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
            milliseconds: performance.now() - startedAt,
          });
        // A stream has no end of its own: that it began is enough.
        if (response.headers['content-type']?.startsWith('text/event-stream')) {
          finish();
          response.destroy();
          return;
        }
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('end', finish);
        response.on('error', reject);
      });
      sent.end(body);
    });
  }

  log(): Promise<string> {
    return readFile(join(this.home, 'api.log'), 'utf8');
  }

  /** As a crash ends it. */
  async kill(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    if (this.runs) {
      const ended = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      await ended;
    }
    await rm(this.home, { recursive: true });
  }
}
