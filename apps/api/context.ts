import type { Config } from '../../src/config.ts';
import type { BlobStore, JobQueue, Outbound, Store } from '../../src/jobs/ports.ts';
import type {
  DatasetService,
  JobService,
  ModelService,
  PipelineService,
  PredictionService,
  WebhookService,
} from '../../src/jobs/services.ts';
import type { Logger } from '../../src/logger.ts';

/** What the API needs of the wired context; `src/context.ts` gives all of it. */
export interface ApiContext {
  readonly config: Pick<
    Config,
    | 'openMode'
    | 'operatorKey'
    | 'maxUploadBytes'
    | 'timings'
    | 'limits'
    | 'maxFailedKeysPerMinute'
    | 'trustedProxies'
  >;
  readonly logger: Logger;
  readonly store: Store;
  readonly queue: Pick<JobQueue, 'ping'>;
  /** Where API processes count requests together, as `@fastify/rate-limit` takes it; else each counts for itself. */
  readonly counters: { readonly client: object } | undefined;
  readonly blobs: BlobStore;
  readonly outbound: Outbound;
  readonly jobs: JobService;
  readonly pipelines: PipelineService;
  readonly datasets: DatasetService;
  readonly models: ModelService;
  readonly predictions: PredictionService;
  readonly webhooks: WebhookService;
}
