import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

/** The channel on which a committed event names its job. */
export const JOB_CHANGED = 'trainyard_job_changed';

const RECONNECT_MS = 1_000;
const CONNECT_MS = 5_000;

type Listener = (jobId: string) => void;

export interface Notifications {
  /** Answers how to stop. */
  subscribe(listener: Listener): () => void;
  close(): Promise<void>;
}

/**
 * Hears of changed jobs over one connection of its own, opened for the first listener and opened again when it
 * is lost. What was said meanwhile is lost too: listeners must look for themselves now and then.
 */
export function listen(url: string): Notifications {
  const listeners = new Set<Listener>();
  const closing = new AbortController();
  let listening: Promise<void> | undefined;

  const tell = (jobId: string) => {
    for (const listener of listeners) listener(jobId);
  };
  return {
    subscribe(listener) {
      listeners.add(listener);
      listening ??= stayConnected(url, tell, closing.signal);
      return () => listeners.delete(listener);
    },
    async close() {
      closing.abort();
      await listening;
    },
  };
}

async function stayConnected(url: string, tell: Listener, closing: AbortSignal): Promise<void> {
  while (!closing.aborted) {
    await listenOnce(url, tell, closing).catch(() => {}); // whoever queries the database tells why it is down
    await sleep(RECONNECT_MS, undefined, { signal: closing }).catch(() => {});
  }
}

/** Resolves when the connection is lost or closed. */
async function listenOnce(url: string, tell: Listener, closing: AbortSignal): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_MS,
  });
  const ended = new Promise<void>((resolve) => client.once('end', resolve));
  client.on('error', () => {}); // `end` follows
  client.on('notification', ({ payload }) => payload && tell(payload));
  const end = () => void client.end();
  try {
    await client.connect();
    // Only now: a client that is ended while it connects never settles.
    closing.addEventListener('abort', end);
    if (closing.aborted) return;
    await client.query(`LISTEN ${JOB_CHANGED}`);
    await ended;
  } finally {
    closing.removeEventListener('abort', end);
    await client.end().catch(() => {});
  }
}
