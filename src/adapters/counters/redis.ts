import { Redis } from 'ioredis';

/** A request waits no longer than this to be counted. */
const TIMEOUT_MS = 250;
const RECONNECT_MS = 1_000;

/** Where all processes count together. */
export interface CounterServer {
  /** A client of ioredis, as those take it that do the counting. */
  readonly client: Redis;
  close(): Promise<void>;
}

/** Connects in the background. What is asked while the server is away fails at once, and is never kept for later. */
export function openCounterServer(url: string): CounterServer {
  const client = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: 2_000,
    commandTimeout: TIMEOUT_MS,
    retryStrategy: () => RECONNECT_MS,
  });
  // The queue lives on the same server, and tells of its absence.
  client.on('error', () => {});
  return { client, close: async () => client.disconnect() };
}
