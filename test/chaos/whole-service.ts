import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { INTERNAL_TOKEN, OPERATOR_KEY } from '../api-server.ts';
import { startTestPostgres, type TestPostgres } from '../postgres-server.ts';
import { createTestRedis, freePort, type TestRedis } from '../redis.ts';
import { QUICK } from '../timings.ts';
import { Program } from './program.ts';

export interface Size {
  /** Without it the queue lives in Postgres, as on the embedded default. */
  readonly redis: boolean;
  readonly apis?: number;
  readonly workers?: number;
  readonly settings?: Record<string, string>;
}

/** All of the service as an operator runs it, each part a real process that can be killed, stopped, or taken away. */
export class WholeService {
  readonly postgres: TestPostgres;
  readonly redis: TestRedis | null;
  readonly apis: readonly Program[];
  readonly workers: readonly Program[];
  /** Where each API listens, also after it was started again. */
  readonly urls: readonly string[];
  readonly home: string;

  static async start(size: Size): Promise<WholeService> {
    const home = await mkdtemp(join(tmpdir(), 'trainyard-chaos-'));
    const postgres = await startTestPostgres({ max_connections: 300 });
    const redis = size.redis ? await createTestRedis() : null;
    const ports = await Promise.all(Array.from({ length: size.apis ?? 1 }, freePort));
    const service = new WholeService(home, postgres, redis, ports, size);
    await service.ready();
    return service;
  }

  private constructor(
    home: string,
    postgres: TestPostgres,
    redis: TestRedis | null,
    ports: number[],
    { workers = 2, settings = {} }: Size,
  ) {
    this.home = home;
    this.postgres = postgres;
    this.redis = redis;
    const environment = {
      DATABASE_URL: postgres.url,
      ...(redis && { REDIS_URL: redis.url }),
      TRAINYARD_HOME: home,
      TRAINYARD_INTERNAL_TOKEN: INTERNAL_TOKEN,
      TRAINYARD_OPERATOR_KEY: OPERATOR_KEY,
      TRAINYARD_BACKEND: 'wasm',
      // On any machine: what is resumed must be as it was, with threads too.
      TRAINYARD_THREADS: '2',
      ...QUICK,
      ...settings,
    };
    const keep = (name: 'api' | 'worker', own: Record<string, string> = {}) =>
      new Program({ name, environment: { ...environment, ...own }, logPath: join(home, `${name}.log`) });
    this.urls = ports.map((port) => `http://127.0.0.1:${port}`);
    this.apis = ports.map((port) => keep('api', { PORT: `${port}` }));
    this.workers = Array.from({ length: workers }, () => keep('worker'));
  }

  /** Resolves when every program is ready. */
  async ready(): Promise<void> {
    await Promise.all([...this.apis, ...this.workers].map((program) => program.ready()));
  }

  log(name: 'api' | 'worker'): Promise<string> {
    return readFile(join(this.home, `${name}.log`), 'utf8');
  }

  async stop(): Promise<void> {
    await Promise.all([...this.apis, ...this.workers].map((program) => program.stop()));
    await this.redis?.drop();
    await this.postgres.drop();
    await rm(this.home, { recursive: true, force: true });
  }
}
