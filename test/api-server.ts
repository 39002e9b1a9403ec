import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import { buildApp } from '../apps/api/app.ts';
import { loadConfig } from '../src/config.ts';
import { type Context, createContext } from '../src/context.ts';
import type { JobSpecInput } from '../src/spec/job.ts';
import type { PipelineSpecInput } from '../src/spec/pipeline.ts';
import type { Scope } from '../src/spec/resource/api-key.ts';
import type { DatasetResource } from '../src/spec/resource/dataset.ts';
import type { JobResource } from '../src/spec/resource/job.ts';
import { createTestDatabase } from './postgres.ts';

export const OPERATOR_KEY = 'ty_operator-key-of-the-tests';
export const INTERNAL_TOKEN = 'a-token-for-tests-only';

/** Forty rows of a line with a little noise, and a class. */
export const ROWS = [
  'x,y,kind',
  ...Array.from({ length: 40 }, (_, i) => `${i},${2 * i + (i % 3)},${i % 2 ? 'odd' : 'even'}`),
].join('\n');

/** Public; nothing is ever sent there, as nobody delivers beside this API. */
export const WEBHOOK = { url: 'https://1.1.1.1/hook' };

/** The API on a real database, queue and disk, without a worker. */
export class TestApi {
  readonly app: FastifyInstance;
  readonly context: Context;
  readonly home: string;
  readonly #dropDatabase: () => Promise<void>;
  #listening: Promise<string> | undefined;

  private constructor(app: FastifyInstance, context: Context, home: string, drop: () => Promise<void>) {
    this.app = app;
    this.context = context;
    this.home = home;
    this.#dropDatabase = drop;
  }

  /** @param route makes of the database's address the one that the service is given */
  static async start(
    settings: Record<string, string> = {},
    route: (url: string) => Promise<string> = async (url) => url,
    overrides: Partial<Pick<Context, 'outbound'>> = {},
  ): Promise<TestApi> {
    const database = await createTestDatabase();
    const home = await mkdtemp(join(tmpdir(), 'trainyard-test-'));
    const config = loadConfig({
      DATABASE_URL: await route(database.url),
      TRAINYARD_HOME: home,
      TRAINYARD_INTERNAL_TOKEN: INTERNAL_TOKEN,
      TRAINYARD_OPERATOR_KEY: OPERATOR_KEY,
      LOG_LEVEL: 'silent',
      // Some tests try every route with a wrong key.
      TRAINYARD_MAX_FAILED_KEYS_PER_MINUTE: '10000',
      ...settings,
    });
    const context = await createContext(config, overrides);
    return new TestApi(await buildApp(context), context, home, database.drop);
  }

  /** Where it listens, from the first call on. */
  listen(): Promise<string> {
    this.#listening ??= this.app.listen({ host: '127.0.0.1', port: 0 });
    return this.#listening;
  }

  /** As the operator, unless another key is given. */
  request(options: InjectOptions, key = OPERATOR_KEY): Promise<LightMyRequestResponse> {
    const headers = { authorization: `Bearer ${key}`, ...options.headers };
    return this.app.inject({ ...options, headers });
  }

  get(url: string, key?: string): Promise<LightMyRequestResponse> {
    return this.request({ method: 'GET', url }, key);
  }

  post(url: string, payload: object, key?: string): Promise<LightMyRequestResponse> {
    return this.request({ method: 'POST', url, payload }, key);
  }

  /** Sends a file as a raw body: a CSV, unless a header says otherwise. */
  upload(
    content: string | Buffer,
    headers: Record<string, string> = {},
    query = '?name=line',
  ): Promise<LightMyRequestResponse> {
    return this.request({
      method: 'POST',
      url: `/v1/datasets${query}`,
      headers: { 'content-type': 'text/csv', ...headers },
      payload: content,
    });
  }

  /** Sends a form as curl and browsers send it, its parts in the order given. */
  async uploadForm(parts: readonly [name: string, value: string | File][]): Promise<Response> {
    const body = new FormData();
    for (const [name, value] of parts) body.append(name, value);
    const headers = { authorization: `Bearer ${OPERATOR_KEY}` };
    return fetch(`${await this.listen()}/v1/datasets`, { method: 'POST', headers, body });
  }

  async createDataset(csv = ROWS): Promise<DatasetResource> {
    return (await this.upload(csv)).json<DatasetResource>();
  }

  async createJob(overrides: Partial<JobSpecInput> = {}): Promise<JobResource> {
    const { id } = await this.createDataset();
    return (await this.post('/v1/jobs', { ...jobSpec(id), ...overrides })).json<JobResource>();
  }

  async createKey(scopes: Scope[], project = 'default'): Promise<string> {
    const response = await this.post('/v1/api-keys', { name: 'a key', scopes, project });
    return response.json<{ secret: string }>().secret;
  }

  /** The keys of every stored blob. */
  async blobs(): Promise<string[]> {
    const files = await readdir(join(this.home, 'blobs'), { recursive: true, withFileTypes: true });
    return files.filter((file) => file.isFile()).map(({ name }) => name);
  }

  async stop(): Promise<void> {
    await this.app.close();
    await this.context.close();
    await this.#dropDatabase();
    await rm(this.home, { recursive: true });
  }
}

export function jobSpec(datasetId: string): JobSpecInput {
  return {
    data: { dataset: datasetId, target: 'y', inputs: ['x'] },
    model: { layers: [{ type: 'dense', units: 4, activation: 'relu' }] },
    stages: [{ epochs: 2 }],
  };
}

/** A job, and one that builds on it. */
export function pipelineSpec(datasetId: string): PipelineSpecInput {
  const job = jobSpec(datasetId);
  const model = { from: { job: 'base' }, layers: [{ type: 'dense' as const, name: 'new', units: 4 }] };
  return {
    jobs: [
      { ...job, name: 'base' },
      { ...job, name: 'top', model, stages: [{ epochs: 2, trainable: 'new' }] },
    ],
  };
}
