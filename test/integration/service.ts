import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, createReadStream, openSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '../../src/config.ts';
import { type Context, createContext } from '../../src/context.ts';
import { isTerminal } from '../../src/jobs/lifecycle.ts';
import type { JobRow } from '../../src/jobs/rows.ts';
import { createRunService, type RunService } from '../../src/jobs/run-service.ts';
import { JobSpec, type JobSpecInput } from '../../src/spec/job.ts';
import { createTestDatabase } from '../postgres.ts';
import { QUICK } from '../timings.ts';

/** The service without its API: a context for the test itself, and built workers as real processes. */
export class TestService {
  readonly home: string;
  readonly context: Context;
  /** For tests that claim runs themselves; a queue that fails fails them. */
  readonly runs: RunService;
  readonly #environment: Record<string, string>;
  readonly #dropDatabase: () => Promise<void>;
  readonly #processes: ChildProcess[] = [];

  private constructor(
    home: string,
    context: Context,
    environment: Record<string, string>,
    drop: () => Promise<void>,
  ) {
    this.home = home;
    this.context = context;
    this.runs = runsOn(context);
    this.#environment = environment;
    this.#dropDatabase = drop;
  }

  /** @param prepare does something to the home before anything is kept in it */
  static async start(
    settings: Record<string, string> = {},
    prepare: (home: string) => Promise<void> = async () => {},
  ): Promise<TestService> {
    const database = await createTestDatabase();
    const home = await mkdtemp(join(tmpdir(), 'trainyard-test-'));
    await prepare(home);
    const environment = {
      DATABASE_URL: database.url,
      TRAINYARD_HOME: home,
      TRAINYARD_INTERNAL_TOKEN: 'a-token-for-tests-only',
      TRAINYARD_BACKEND: 'wasm',
      // On any machine: what is resumed must be as it was, with threads too.
      TRAINYARD_THREADS: '2',
      LOG_LEVEL: 'info',
      ...QUICK,
      ...settings,
    };
    const context = await createContext(loadConfig({ ...environment, LOG_LEVEL: 'silent' }));
    return new TestService(home, context, environment, database.drop);
  }

  /** Starts a built worker and waits until it is ready. */
  async startWorker(settings: Record<string, string> = {}): Promise<ChildProcess> {
    const log = openSync(join(this.home, 'worker.log'), 'a');
    const worker = fork(new URL('../../dist/apps/worker/main.js', import.meta.url), {
      env: { PATH: process.env.PATH!, ...this.#environment, ...settings },
      stdio: ['ignore', log, log, 'ipc'],
    });
    closeSync(log);
    this.#processes.push(worker);
    const ended = once(worker, 'exit').then(async () => {
      throw new Error(`the worker ended:\n${await readFile(join(this.home, 'worker.log'), 'utf8')}`);
    });
    ended.catch(() => {});
    await Promise.race([once(worker, 'message'), ended]);
    return worker;
  }

  /** Starts a built API, open to all on loopback, and answers where it listens. */
  async startApi(): Promise<string> {
    const log = openSync(join(this.home, 'api.log'), 'a');
    const api = fork(new URL('../../dist/apps/api/main.js', import.meta.url), {
      env: { PATH: process.env.PATH!, ...this.#environment, PORT: '0' },
      stdio: ['ignore', log, log, 'ipc'],
    });
    closeSync(log);
    this.#processes.push(api);
    const [{ url }] = (await once(api, 'message')) as [{ url: string }];
    return url;
  }

  /** Registers one of the example data sets. */
  async upload(file: 'concrete.csv' | 'digits.csv'): Promise<{ projectId: string; datasetId: string }> {
    const projectId = await this.context.store.projects.ensure('default');
    const source = createReadStream(new URL(`../../examples/data/${file}`, import.meta.url));
    const { row } = await this.context.datasets.register(projectId, {
      name: async () => file,
      format: 'csv',
      source,
    });
    return { projectId, datasetId: row.id };
  }

  async create(projectId: string, spec: JobSpecInput): Promise<JobRow> {
    return (await this.context.jobs.create(projectId, JobSpec.parse(spec))).row;
  }

  /** Waits until the job satisfies `ready`. @throws Error with the job when it ends or takes too long before */
  async until(
    jobId: string,
    ready: (job: JobRow) => boolean | Promise<boolean>,
    seconds = 60,
  ): Promise<JobRow> {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      const job = (await this.context.store.jobs.get(jobId))!;
      if (await ready(job)) return job;
      if (isTerminal(job.status) || Date.now() > deadline) {
        const log = await readFile(join(this.home, 'worker.log'), 'utf8').catch(() => '');
        throw new Error(`not to be: ${JSON.stringify({ ...job, spec: undefined })}\n${log.slice(-4_000)}`);
      }
      await sleep(30);
    }
  }

  untilEnded(jobId: string, seconds = 60): Promise<JobRow> {
    return this.until(jobId, ({ status }) => isTerminal(status), seconds);
  }

  async stop(): Promise<void> {
    for (const worker of this.#processes) {
      if (worker.exitCode !== null || worker.signalCode !== null) continue;
      const exit = once(worker, 'exit');
      worker.kill('SIGKILL');
      await exit;
    }
    await this.context.close();
    await this.#dropDatabase();
    await rm(this.home, { recursive: true, force: true });
  }
}

function runsOn({ store, queue, limits }: Context): RunService {
  const onQueueError = (error: unknown) => {
    throw error;
  };
  return createRunService({ store, queue, limits, onQueueError });
}
