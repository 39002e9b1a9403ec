import type { TargetName, Task, WindowSpec } from '../spec/data.ts';
import type { DatasetFormat, DatasetSchema } from '../spec/dataset.ts';
import type { Failure } from '../spec/failure.ts';
import type { JobSpec } from '../spec/job.ts';
import type { Scope } from '../spec/resource/api-key.ts';
import type { EventType } from '../spec/resource/event.ts';
import type { JobStatus } from '../spec/resource/job.ts';
import type { ImportedFrom, ModelStage } from '../spec/resource/model.ts';
import type { RunStatus } from '../spec/resource/run.ts';
import type { DeliveryStatus, MessageType, WebhookEvent } from '../spec/resource/webhook.ts';
import type { MetricPoint, Position } from '../spec/trainer.ts';

/** The rows that the store keeps: the nouns of the job lifecycle. */
export interface DatasetRow {
  id: string;
  projectId: string;
  name: string;
  format: DatasetFormat;
  schema: DatasetSchema;
  blobKey: string;
  bytes: number;
  createdAt: Date;
}

export interface JobRow {
  id: string;
  projectId: string;
  datasetId: string;
  name: string | null;
  labels: Record<string, string>;
  spec: JobSpec;
  priority: number;
  status: JobStatus;
  statusDetail: string | null;
  failure: Failure | null;
  /** Counts how often the job was queued, from 1; with the id it names the queue's message. */
  attempt: number;
  /** Runs that ended in a fault which may pass; at most `spec.retries` of them are followed by another. */
  faults: number;
  fence: number;
  progress: number;
  etaSeconds: number | null;
  stage: number | null;
  epoch: number | null;
  step: number | null;
  metrics: Record<string, number>;
  modelId: string | null;
  /** The model that it builds on. */
  parentModelId: string | null;
  pipelineId: string | null;
  /** The job of its pipeline whose model it builds on. */
  waitsFor: string | null;
  createdAt: Date;
  queuedAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
  /** Moves with every change; it is the ETag. */
  version: number;
}

/** Jobs that were posted together. */
export interface PipelineRow {
  id: string;
  projectId: string;
  name: string | null;
  labels: Record<string, string>;
  /** In the order in which they were posted. */
  jobs: JobRow[];
  createdAt: Date;
}

export interface RunRow {
  id: string;
  jobId: string;
  attempt: number;
  fence: number;
  status: RunStatus;
  workerId: string;
  device: string | null;
  resumedFromStep: number | null;
  failure: Failure | null;
  heartbeatAt: Date;
  startedAt: Date;
  finishedAt: Date | null;
}

/** A stage of a job as its latest run found it. `steps` counts its optimizer updates, known when it ended. */
export interface StageRow {
  jobId: string;
  stage: number;
  runId: string;
  name: string;
  objective: string;
  epochs: number;
  stepsPerEpoch: number;
  steps: number;
  status: RunStatus;
  startedAt: Date;
  finishedAt: Date | null;
}

export interface EventRow {
  id: string;
  jobId: string;
  sequence: number;
  type: EventType;
  data: Record<string, unknown>;
  createdAt: Date;
}

export interface MetricRow extends MetricPoint {
  runId: string;
}

export interface CheckpointRow extends Position {
  id: string;
  jobId: string;
  runId: string;
  blobKey: string;
  bytes: number;
  createdAt: Date;
}

export interface ArtifactRow {
  id: string;
  jobId: string;
  name: string;
  mediaType: string;
  blobKey: string;
  bytes: number;
  createdAt: Date;
}

export interface ModelRow {
  id: string;
  projectId: string;
  /** Null for an import; so is the data set. */
  jobId: string | null;
  datasetId: string | null;
  parentModelId: string | null;
  name: string;
  version: number;
  /** Null for an import whose head suits no task; so is the target. */
  task: Task | null;
  inputs: string[];
  /** Of one input; empty for a model from before it was kept. */
  inputShape: number[];
  /** For a model of a series. */
  window: WindowSpec | null;
  /** Null for a model that was trained on its inputs alone. */
  target: TargetName | null;
  classes: string[] | null;
  parameters: number;
  stochastic: boolean;
  /** Null for an import. */
  seed: number | null;
  blobKey: string;
  bytes: number;
  evaluation: Record<string, number>;
  /** What it was taken from; null for a model that was trained here. */
  imported: ImportedFrom | null;
  /** What trained it; empty for an import. */
  stages: ModelStage[];
  createdAt: Date;
}

export interface ApiKeyRow {
  id: string;
  projectId: string;
  project: string;
  name: string;
  scopes: Scope[];
  hash: string;
  createdAt: Date;
  lastUsedAt: Date | null;
}

/** An address of a project's that is told of its jobs' events. */
export interface WebhookRow {
  id: string;
  projectId: string;
  url: string;
  events: WebhookEvent[];
  description: string | null;
  /** See `webhook-secret.ts`. */
  salt: string;
  createdAt: Date;
}

/** A message to a webhook, on its way or at its end. */
export interface DeliveryRow {
  webhookId: string;
  /** The message's, which every webhook that is told of the same event gets, and each time again. */
  id: string;
  type: MessageType;
  /** The event; null for a test. */
  jobId: string | null;
  sequence: number | null;
  status: DeliveryStatus;
  attempts: number;
  /** Of a pending one. */
  nextAttemptAt: Date;
  lastAttemptAt: Date | null;
  /** What the last attempt came to: the status of an answer, or why there was none. */
  answer: number | null;
  fault: string | null;
  endedAt: Date | null;
  createdAt: Date;
}

export interface WorkerRow {
  id: string;
  host: string;
  pid: number;
  device: string;
  predictorUrl: string | null;
  heartbeatAt: Date;
  startedAt: Date;
}
