import { join } from 'node:path';
import { createDiskBlobs } from './adapters/artifacts/disk-blobs.ts';
import { type CounterServer, openCounterServer } from './adapters/counters/redis.ts';
import { migrate } from './adapters/db/migrate.ts';
import { createStore } from './adapters/db/store.ts';
import { createOutbound } from './adapters/outbound/outbound.ts';
import { createQueue } from './adapters/queue/create-queue.ts';
import { type Config, ConfigError, secretsOf } from './config.ts';
import { createDatasetService } from './jobs/dataset-service.ts';
import { createJobService } from './jobs/job-service.ts';
import { createModelService } from './jobs/model-service.ts';
import { createPipelineService } from './jobs/pipeline-service.ts';
import type { BlobStore, JobQueue, Outbound, Store } from './jobs/ports.ts';
import { createPredictionService } from './jobs/prediction-service.ts';
import { createProjectLimits, type ProjectLimits } from './jobs/project-limits.ts';
import type {
  DatasetService,
  JobService,
  ModelService,
  PipelineService,
  PredictionService,
  WebhookService,
} from './jobs/services.ts';
import { createWebhookService } from './jobs/webhook-service.ts';
import { createLogger, type Logger } from './logger.ts';

/** Everything an app is made of, wired here by hand and nowhere else. */
export interface Context {
  readonly config: Config;
  readonly logger: Logger;
  readonly store: Store;
  readonly queue: JobQueue;
  readonly blobs: BlobStore;
  readonly outbound: Outbound;
  readonly limits: ProjectLimits;
  /** Undefined where each process counts for itself. */
  readonly counters: CounterServer | undefined;
  readonly jobs: JobService;
  readonly pipelines: PipelineService;
  readonly datasets: DatasetService;
  readonly models: ModelService;
  readonly predictions: PredictionService;
  readonly webhooks: WebhookService;
  /** Closes what was opened, the last first. */
  close(): Promise<void>;
}

const STORE_CONNECTIONS = 10;

/**
 * Brings the database up to date and opens everything. `overrides` takes the place of what it names, and is
 * then its giver's to close.
 * @throws ConfigError when a variable is missing; Error when a server can't be reached
 */
export async function createContext(
  config: Config,
  overrides: Partial<Pick<Context, 'logger' | 'store' | 'queue' | 'blobs' | 'outbound'>> = {},
): Promise<Context> {
  const url = required(config.databaseUrl, 'DATABASE_URL');
  const internalToken = required(config.internalToken, 'TRAINYARD_INTERNAL_TOKEN');
  const logger = overrides.logger ?? createLogger({ level: config.logLevel, secrets: secretsOf(config) });
  const opened: { close(): Promise<void> }[] = [];
  const close = async () => {
    for (const thing of opened.splice(0).reverse()) await thing.close();
  };
  const own = <T extends { close(): Promise<void> }>(thing: T): T => {
    opened.push(thing);
    return thing;
  };

  try {
    const store = overrides.store ?? own(await openStore(url));
    const counters = config.redisUrl === undefined ? undefined : own(openCounterServer(config.redisUrl));
    const queue = overrides.queue ?? own(await openQueue(config, url, logger));
    const blobs = overrides.blobs ?? createDiskBlobs({ directory: join(config.home, 'blobs') });
    const { maxUploadBytes, allowedPrivateHosts } = config;
    const outbound = overrides.outbound ?? createOutbound({ allowedPrivateHosts });
    const onQueueError = (err: unknown, jobId: string) =>
      logger.warn({ err, jobId }, 'The queue was not told; the sweeper will');
    const { leaseMs } = config.timings;
    const limits = createProjectLimits(config.limits);
    return {
      config,
      logger,
      store,
      queue,
      blobs,
      outbound,
      limits,
      counters,
      jobs: createJobService({ store, queue, blobs, limits, onQueueError }),
      pipelines: createPipelineService({ store, queue, limits, onQueueError }),
      datasets: createDatasetService({ store, blobs, limits, maxUploadBytes }),
      models: createModelService({
        store,
        blobs,
        limits,
        maxUploadBytes,
        scratchFolder: join(config.home, 'imports'),
      }),
      predictions: createPredictionService({ store, internalToken, leaseMs }),
      webhooks: createWebhookService({ store, outbound, internalToken }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openStore(url: string): Promise<Store> {
  await migrate(url);
  return createStore({ url, poolSize: STORE_CONNECTIONS });
}

function openQueue(config: Config, databaseUrl: string, logger: Logger): Promise<JobQueue> {
  return createQueue({
    redisUrl: config.redisUrl,
    databaseUrl,
    lockMs: config.timings.queueLockMs,
    stalledCheckMs: config.timings.stalledCheckMs,
    onError: (err, suppressed) => logger.error({ err, suppressed }, 'The queue reports an error'),
  });
}

function required(value: string | undefined, variable: string): string {
  if (value === undefined) throw new ConfigError([`${variable}: must be set`]);
  return value;
}
