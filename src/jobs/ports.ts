import type { Readable } from 'node:stream';
import type { Failure } from '../spec/failure.ts';
import type { ModelStructure } from '../spec/model-structure.ts';
import type { EventType } from '../spec/resource/event.ts';
import type { JobStatus } from '../spec/resource/job.ts';
import type { RunStatus } from '../spec/resource/run.ts';
import type { DeliveryStatus } from '../spec/resource/webhook.ts';
import type { MetricPoint } from '../spec/trainer.ts';
import type {
  ApiKeyRow,
  ArtifactRow,
  CheckpointRow,
  DatasetRow,
  DeliveryRow,
  EventRow,
  JobRow,
  MetricRow,
  ModelRow,
  PipelineRow,
  RunRow,
  StageRow,
  WebhookRow,
  WorkerRow,
} from './rows.ts';

/**
 * The ports: what the job lifecycle asks of the outside. Adapters implement them, `context.ts` wires them.
 *
 * Words (glossary in docs/glossary.md): a job has n runs; a run is one attempt on one worker and carries a
 * fencing token, `fence`. Every write on behalf of a run names its fence, and a write with an old fence
 * changes nothing and answers false.
 */

// ---- Store: Postgres is the truth --------------------------------------------------------------------

export interface PageRequest {
  limit: number;
  cursor?: string | undefined;
}
export interface Page<T> {
  data: T[];
  nextCursor: string | null;
}

/** What a transition may change along with the status. */
export type JobPatch = Partial<
  Pick<
    JobRow,
    | 'statusDetail'
    | 'failure'
    | 'attempt'
    | 'faults'
    | 'fence'
    | 'progress'
    | 'etaSeconds'
    | 'stage'
    | 'epoch'
    | 'step'
    | 'metrics'
    | 'modelId'
    | 'parentModelId'
    | 'queuedAt'
    | 'startedAt'
    | 'finishedAt'
  >
>;

export interface JobStore {
  insert(job: JobRow): Promise<void>;
  get(id: string, projectId?: string): Promise<JobRow | null>;
  list(
    projectId: string,
    filter: { status?: JobStatus | undefined; name?: string | undefined; label?: string | undefined },
    page: PageRequest,
  ): Promise<Page<JobRow>>;
  /** Locks the row until the transaction ends; only inside `transaction`. */
  lock(id: string): Promise<JobRow | null>;
  /** Locks the jobs that still wait for this one, in their order. Only inside `transaction`. */
  lockWaiting(id: string): Promise<JobRow[]>;
  /** Locks the jobs that failed for want of this one's model, in their order. Only inside `transaction`. */
  lockFailedWaiting(id: string): Promise<JobRow[]>;
  /** Writes a status and what goes with it. Only `lifecycle.ts` calls this, on a locked row. */
  setStatus(id: string, status: JobStatus, patch: JobPatch): Promise<void>;
  /** Notes where a run is. False when the fence is old. */
  setProgress(id: string, fence: number, patch: JobPatch): Promise<boolean>;
  /** Queued jobs whose message may have been lost: queued before `before`; the most urgent first, from after a row on. */
  queuedBefore(before: Date, limit: number, after?: JobRow): Promise<JobRow[]>;
  /** Jobs with a run whose heartbeat is older than `before`. */
  silentSince(before: Date, limit: number): Promise<JobRow[]>;
  /** How many jobs a project has of these statuses. */
  count(projectId: string, statuses: readonly JobStatus[]): Promise<number>;
}

export interface RunStore {
  insert(run: RunRow): Promise<void>;
  list(jobId: string): Promise<RunRow[]>;
  /** Renews the run's heartbeat and tells the job's status; null when the fence is old or the run has ended. */
  heartbeat(runId: string, fence: number): Promise<JobStatus | null>;
  setDevice(runId: string, device: string, resumedFromStep: number | null): Promise<void>;
  finish(runId: string, status: RunStatus, failure: Failure | null): Promise<void>;
  /** Ends every run of the job that still counts as running. */
  finishRunning(jobId: string, status: RunStatus): Promise<void>;
}

export interface StageStore {
  /** Notes that a run is at a stage; one that an earlier run began keeps its start. False when the fence is old. */
  begin(
    stage: Omit<StageRow, 'steps' | 'status' | 'startedAt' | 'finishedAt'>,
    fence: number,
  ): Promise<boolean>;
  /** False when the fence is old. */
  finish(jobId: string, fence: number, stage: number, status: RunStatus, steps: number): Promise<boolean>;
  list(jobId: string): Promise<StageRow[]>;
  /** Forgets the stages after this one. */
  deleteAfter(jobId: string, stage: number): Promise<void>;
}

export interface MetricStore {
  /** Writes points in one statement; a point written again is replaced, so a resumed run doubles nothing. False when the fence is old. */
  write(jobId: string, runId: string, fence: number, points: readonly MetricPoint[]): Promise<boolean>;
  /**
   * A job's curves, at most `maxPoints` a (name, stage), the last point always among them; thinned in SQL. Of so many
   * curves that these would be more than 100,000 points, each has fewer.
   */
  read(
    jobId: string,
    filter: { name?: string | undefined; stage?: number | undefined; maxPoints: number },
  ): Promise<MetricRow[]>;
  /** Forgets what was measured after a place in the job. */
  deleteAfter(jobId: string, place: { stage: number; step: number }): Promise<void>;
}

export interface EventStore {
  /** Appends with the job's next sequence number, and a delivery for every webhook that is to be told of it. */
  append(jobId: string, type: EventType, data: Record<string, unknown>): Promise<EventRow>;
  /** Appends several in one statement, in their order. */
  appendAll(jobId: string, type: EventType, data: readonly Record<string, unknown>[]): Promise<EventRow[]>;
  list(jobId: string, after: number, limit: number): Promise<EventRow[]>;
}

export interface WebhookStore {
  insert(webhook: WebhookRow): Promise<void>;
  get(id: string, projectId: string): Promise<WebhookRow | null>;
  list(projectId: string, page: PageRequest): Promise<Page<WebhookRow>>;
  count(projectId: string): Promise<number>;
  /** With its deliveries. Whether there was one. */
  delete(id: string, projectId: string): Promise<boolean>;
}

/** Deliveries of events come by `EventStore.append`. */
export interface DeliveryStore {
  /** A delivery of no event, due at once. */
  insertTest(webhookId: string, id: string): Promise<void>;
  get(webhookId: string, id: string): Promise<DeliveryRow | null>;
  list(
    webhookId: string,
    filter: { status?: DeliveryStatus | undefined },
    page: PageRequest,
  ): Promise<Page<DeliveryRow>>;
  /** Makes one that has ended due again, as if it were new. False where it hasn't ended. */
  replay(webhookId: string, id: string): Promise<boolean>;
  /**
   * Hands out due deliveries, the oldest of each webhook that is free: until it is settled, or `leaseMs` have passed,
   * no one else gets one of that webhook.
   */
  claim(limit: number, leaseMs: number): Promise<ClaimedDelivery[]>;
  /** Notes what came of an attempt, unless the delivery went to another since. */
  settle(claim: ClaimedDelivery, outcome: DeliveryOutcome): Promise<void>;
  /** Gives up what a webhook has been due since before then: nobody got to it. */
  giveUpDueBefore(webhookId: string, before: Date, fault: string): Promise<void>;
  deleteEndedBefore(before: Date): Promise<void>;
}

export interface ClaimedDelivery extends Pick<DeliveryRow, 'webhookId' | 'id' | 'type' | 'createdAt'> {
  /** This one counts. */
  attempts: number;
  url: string;
  salt: string;
  /** Null for a test. */
  event: EventRow | null;
}

export interface DeliveryOutcome extends Pick<DeliveryRow, 'answer' | 'fault'> {
  status: DeliveryStatus;
  /** Until the next attempt at this one, where it stays pending. */
  retryMs: number;
  /** So long nothing else is delivered to the webhook either. */
  quietMs: number;
}

export interface Store {
  readonly datasets: {
    insert(dataset: DatasetRow): Promise<void>;
    get(id: string, projectId?: string): Promise<DatasetRow | null>;
    list(
      projectId: string,
      filter: { name?: string | undefined },
      page: PageRequest,
    ): Promise<Page<DatasetRow>>;
    /** Deletes it unless a job that hasn't ended needs it; a deletion and a new job exclude each other. */
    delete(id: string, projectId: string): Promise<'deleted' | 'inUse' | 'absent'>;
    /** Locks the row against deletion until the transaction ends. */
    lockForUse(id: string, projectId: string): Promise<DatasetRow | null>;
  };
  readonly jobs: JobStore;
  readonly pipelines: {
    /** Its jobs are inserted one by one after it. */
    insert(pipeline: Omit<PipelineRow, 'jobs'>): Promise<void>;
    get(id: string, projectId: string): Promise<PipelineRow | null>;
    list(
      projectId: string,
      filter: { name?: string | undefined; label?: string | undefined },
      page: PageRequest,
    ): Promise<Page<PipelineRow>>;
  };
  readonly runs: RunStore;
  readonly stages: StageStore;
  readonly metrics: MetricStore;
  readonly events: EventStore;
  readonly checkpoints: {
    insert(checkpoint: CheckpointRow): Promise<void>;
    /** Newest first. */
    list(jobId: string): Promise<CheckpointRow[]>;
    delete(ids: readonly string[]): Promise<void>;
  };
  readonly artifacts: {
    /** Replaces one of the same job and name. */
    put(artifact: ArtifactRow): Promise<void>;
    list(jobId: string): Promise<ArtifactRow[]>;
    get(jobId: string, name: string): Promise<ArtifactRow | null>;
  };
  readonly models: {
    /** Sets `version` to the next of its name in the project and answers it. */
    insert(model: Omit<ModelRow, 'version'>, structure: ModelStructure): Promise<ModelRow>;
    /** Null for a model that isn't there, or is from before its structure was kept. */
    structureOf(id: string, projectId: string): Promise<ModelStructure | null>;
    get(id: string, projectId: string): Promise<ModelRow | null>;
    /** Deletes it unless a job that hasn't ended begins with it; a deletion and a new job exclude each other. */
    delete(id: string, projectId: string): Promise<'deleted' | 'inUse' | 'absent'>;
    /** Locks the row against deletion until the transaction ends. Whether there is one. */
    lockForUse(id: string, projectId: string): Promise<boolean>;
    list(
      projectId: string,
      filter: { name?: string | undefined; parent?: string | undefined; job?: string | undefined },
      page: PageRequest,
    ): Promise<Page<ModelRow>>;
  };
  readonly webhooks: WebhookStore;
  readonly deliveries: DeliveryStore;
  readonly apiKeys: {
    insert(key: ApiKeyRow): Promise<void>;
    findByHash(hash: string): Promise<ApiKeyRow | null>;
    touch(id: string): Promise<void>;
    list(projectId: string, page: PageRequest): Promise<Page<ApiKeyRow>>;
    delete(id: string, projectId: string): Promise<boolean>;
  };
  readonly projects: {
    /** The id of the project of that name, made if it is new. */
    ensure(name: string): Promise<string>;
    /** Until the transaction ends, nobody else has the lock by which a project's limits are kept. Only inside `transaction`. */
    lock(id: string): Promise<void>;
    /** Of all content that its rows name; the same content counts once. */
    storedBytes(id: string): Promise<number>;
  };
  readonly workers: {
    heartbeat(worker: WorkerRow): Promise<void>;
    remove(id: string): Promise<void>;
    alive(since: Date): Promise<WorkerRow[]>;
  };
  /** Whether any stored row still names the blob. */
  blobInUse(blobKey: string): Promise<boolean>;
  /** Of these blobs the ones that no stored row names. */
  unusedBlobs(blobKeys: readonly string[]): Promise<string[]>;
  /** Until the transaction ends, nobody else has the blob's lock; see `blob-keeping.ts`. Only inside `transaction`. */
  lockBlob(blobKey: string): Promise<void>;

  transaction<T>(work: (store: Store) => Promise<T>): Promise<T>;
  /**
   * Runs `work` in a transaction and keeps its answer with the key, all or nothing. The same operation, key and
   * fingerprint again answers the kept answer, which is as JSON leaves it: give an id rather than a row; another fingerprint is `mismatch`; one still at work is `inFlight`.
   */
  idempotent<T>(request: IdempotentRequest, work: (store: Store) => Promise<T>): Promise<IdempotentAnswer<T>>;
  /** Calls back with a job's id when it may have new events: a hint, never a promise. Answers how to stop. */
  onJobChanged(listener: (jobId: string) => void): () => void;
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface IdempotentRequest {
  projectId: string;
  key: string;
  operation: string;
  fingerprint: string;
}
export type IdempotentAnswer<T> =
  | { kind: 'done' | 'replayed'; answer: T }
  | { kind: 'mismatch' }
  | { kind: 'inFlight' };

// ---- Queue: it only says “look” ----------------------------------------------------------------------

export interface JobMessage {
  jobId: string;
  attempt: number;
}

export interface JobQueue {
  /** Adding the same (job, attempt) twice leaves one message. 0 is the most urgent priority. */
  add(message: JobMessage, options: { priority: number; delayMs?: number }): Promise<void>;
  /** Whether there is such a message, waiting, delayed or in a worker's hands. */
  has(message: JobMessage): Promise<boolean>;
  /** Takes back a message that no worker has; otherwise does nothing. */
  remove(message: JobMessage): Promise<void>;
  /** Hands messages, one at a time, to `handle`. A message whose worker dies is handed out again. */
  consume(handle: (message: JobMessage) => Promise<void>): QueueConsumer;
  ping(): Promise<void>;
  /** Closes its consumers first. */
  close(): Promise<void>;
}

export interface QueueConsumer {
  /** Takes no more messages; resolves when the one in hand is done. */
  close(): Promise<void>;
}

// ---- Blobs: content-addressed files -------------------------------------------------------------------

export interface StoredBlob {
  key: string;
  bytes: number;
}

export interface BlobStore {
  /** Stores a stream under the SHA-256 of its content (`key`, hex). @throws TrainyardError tooLarge past `maxBytes`, diskFull */
  put(source: Readable, options?: { maxBytes?: number }): Promise<StoredBlob>;
  /** Stores a local file, which stays where it is and must not change any more. @throws TrainyardError diskFull */
  putFile(path: string): Promise<StoredBlob>;
  /** `range` counts bytes from 0, `end` included. @throws TrainyardError notFound for an unknown key */
  read(key: string, range?: { start: number; end: number }): Promise<Readable>;
  /** A local path to the content, to be read only. @throws TrainyardError notFound for an unknown key */
  localPath(key: string): Promise<string>;
  delete(key: string): Promise<void>;
  /** Keys of the content that was put before then, and not again since. */
  putBefore(time: Date): AsyncIterable<string>;
  /** Removes what a process left half-written that was killed an hour ago or longer. */
  removeUnfinished(): Promise<void>;
  /** @throws Error where nothing can be put right now, such as on a full disk */
  ping(): Promise<void>;
}

// ---- Outbound: asking other hosts --------------------------------------------------------------------

/** How long a webhook's receiver may take to answer. */
export const ANSWER_MS = 10_000;

/** Every method throws TrainyardError invalidUrl, in words for the user, for an address that isn't public. */
export interface Outbound {
  /** Whether the address may be asked, as far as its name tells now. Asks nothing of its host. */
  check(url: string): Promise<void>;
  /**
   * Asks by GET, and follows redirects.
   * @throws TrainyardError invalidUrl for whatever isn't a success; also by the stream, past `maxBytes` too
   */
  download(url: string, options: { maxBytes: number; signal: AbortSignal }): Promise<Download>;
  /** Posts a message, signed. Follows no redirects. @returns the answer's status @throws TrainyardError invalidUrl */
  deliver(message: SignedMessage): Promise<number>;
}

/** By the Standard Webhooks specification, https://www.standardwebhooks.com. */
export interface SignedMessage {
  url: string;
  /** The same whenever the message is sent again. */
  id: string;
  /** JSON. */
  body: string;
  /** `whsec_…` */
  secret: string;
}

export interface Download {
  /** Of the answer, in lower case and without parameters; empty where it says none. */
  mediaType: string;
  /** Where redirects led. */
  url: URL;
  content: Readable;
}
