import type { Readable } from 'node:stream';
import type { Task } from '../spec/data.ts';
import type { DatasetFormat, DeclaredType } from '../spec/dataset.ts';
import type { JobSpec } from '../spec/job.ts';
import type { ModelImport } from '../spec/model-import.ts';
import type { ParentModel } from '../spec/parent.ts';
import type { PipelineSpec } from '../spec/pipeline.ts';
import type { PredictionRequest, PredictionResponse } from '../spec/prediction.ts';
import type { WebhookRequest } from '../spec/resource/webhook.ts';
import type { RetryRequest } from '../spec/retry.ts';
import type { LayerShape } from '../spec/shapes.ts';
import type { DatasetRow, DeliveryRow, JobRow, ModelRow, PipelineRow, WebhookRow } from './rows.ts';

/** What the API asks of the job lifecycle. Every method may throw TrainyardError. */

export interface JobService {
  /** A dry run without side effects. @throws TrainyardError invalidSpec, with a pointer to each fault */
  validate(projectId: string, spec: JobSpec): Promise<Validation>;
  create(projectId: string, spec: JobSpec, idempotencyKey?: string): Promise<Created<JobRow>>;
  /** Certain within the grace: a queued job ends at once, a running one checkpoints and stops. Ended jobs: conflict. */
  cancel(projectId: string, jobId: string): Promise<JobRow>;
  /** As certain as to cancel: a job that no worker is at stands still at once, a running one checkpoints first. Ended jobs: conflict. */
  pause(projectId: string, jobId: string): Promise<JobRow>;
  /** Puts a paused job back; it goes on from its last checkpoint. Others: conflict. */
  resume(projectId: string, jobId: string): Promise<JobRow>;
  /** Opens a failed or cancelled job again, from its last checkpoint or the one that is asked for. Others: conflict. */
  retry(projectId: string, jobId: string, request: RetryRequest): Promise<JobRow>;
}

export interface Validation {
  layers: PlannedLayer[];
  /** Of a GAN, from the noise up; null where there is none. */
  generator: LayerShape[] | null;
  /** Of the layers, without the generator’s. */
  parameters: number;
  /** An estimate: weights, gradients, optimizer slots and one batch’s activations, a generator’s too. */
  memoryBytes: number;
  task: Task;
  warnings: { code: string; pointer: string; message: string }[];
  /** The model that the job makes, for another job that builds on it; null where it makes none. */
  model: ParentModel | null;
}

/** A layer of the network, and whether it comes from another model. */
export type PlannedLayer = LayerShape & { reused: boolean };

export interface PipelineService {
  /** A dry run without side effects. @throws TrainyardError invalidSpec, with a pointer to each fault */
  validate(projectId: string, spec: PipelineSpec): Promise<PipelineValidation>;
  create(projectId: string, spec: PipelineSpec, idempotencyKey?: string): Promise<Created<PipelineRow>>;
  /** Cancels each of its jobs that hasn't ended. A pipeline that has ended: conflict. */
  cancel(projectId: string, pipelineId: string): Promise<PipelineRow>;
}

/** Of each job, in their order. */
export type PipelineValidation = (Validation & { name: string })[];

/** `replayed`: an idempotency key brought back an earlier answer. */
export interface Created<T> {
  row: T;
  replayed: boolean;
}

export interface DatasetService {
  /**
   * Streams an upload to the blob store while its schema is inferred, or before; nothing is held in memory.
   * @throws TrainyardError tooLarge, or invalidDataset with the line at fault
   */
  register(projectId: string, upload: DatasetUpload): Promise<Created<DatasetRow>>;
  /** The first rows, as the file has them. */
  preview(dataset: DatasetRow, limit: number): Promise<Record<string, unknown>[]>;
  /** @throws TrainyardError datasetInUse, notFound */
  delete(projectId: string, datasetId: string): Promise<void>;
}

export interface DatasetUpload {
  /** Asked for once the source has been read: a form may name its file after it. */
  name(): Promise<string>;
  format: DatasetFormat;
  source: Readable;
  /** Types that the user sets rather than leaves to inference. */
  columnTypes?: Record<string, DeclaredType>;
  /** Where in the request the content came from, for what is wrong with it. `/file` when left out. */
  pointer?: '/file' | '/url';
  idempotencyKey?: string | undefined;
}

export interface ModelService {
  /**
   * Takes a model of another's: reads its files, and writes them as a model's file of ours.
   * @throws TrainyardError invalidModel with a pointer to each fault, tooLarge
   */
  importModel(projectId: string, upload: ModelUpload): Promise<Created<ModelRow>>;
  /** @throws TrainyardError modelInUse, notFound */
  delete(projectId: string, modelId: string): Promise<void>;
}

export interface ModelUpload {
  /** Each to be read before the next is asked for. */
  files: AsyncIterable<UploadedFile>;
  /** Asked for once the files have been read: the form may say it after them. */
  asked(): ModelImport;
  idempotencyKey?: string | undefined;
}

export interface UploadedFile {
  /** `weights` are the shards of a `model.json`. */
  role: 'model' | 'weights';
  name: string;
  content: Readable;
}

export interface WebhookService {
  /** The secret is told this once; null when replayed. @throws TrainyardError invalidUrl, tooManyWebhooks */
  create(
    projectId: string,
    request: WebhookRequest,
    idempotencyKey?: string,
  ): Promise<Created<WebhookRow> & { secret: string | null }>;
  /** With what is yet to be delivered. @throws TrainyardError notFound */
  delete(projectId: string, webhookId: string): Promise<void>;
  /** Has a message without an event delivered. */
  test(projectId: string, webhookId: string, idempotencyKey?: string): Promise<Created<DeliveryRow>>;
  /** Has a message that was delivered, or given up, delivered again. @throws TrainyardError conflict while it is under way */
  replay(projectId: string, webhookId: string, deliveryId: string): Promise<DeliveryRow>;
}

export interface PredictionService {
  /** Asks a live worker’s predictor. @throws TrainyardError unavailable when there is none */
  predict(model: ModelRow, request: PredictionRequest, signal?: AbortSignal): Promise<PredictionResponse>;
}
