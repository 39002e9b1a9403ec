import type { BackendClasses, IQueueBackend } from 'bullmq';

/** What differs between the servers that BullMQ can live on; all else is `bull-queue.ts`. */
export interface Backend<B extends IQueueBackend, C> {
  readonly classes: Pick<BackendClasses<B, C>, 'Queue' | 'Worker'>;
  /** Fails quickly when the server is away: for adding, removing and asking after it. */
  readonly producer: C;
  /** Waits for the server as long as it takes: for handing messages out. */
  readonly consumer: C;
  ping(): Promise<unknown>;
  disconnect(): Promise<void>;
}
