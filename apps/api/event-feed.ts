import { setMaxListeners } from 'node:events';
import type { Store } from '../../src/jobs/ports.ts';
import type { EventRow } from '../../src/jobs/rows.ts';

/** A hint may be lost, so everything that is watched is looked at so often without one. */
const POLL_MS = 5_000;
/** Events that are read, and held in memory, at once for one watcher. */
export const EVENTS_AT_ONCE = 100;

/** One a process: tells every watcher of new events, however many jobs they watch. */
export interface EventFeed {
  /**
   * A job's events after a sequence number, in batches as they come; an empty batch after `idleMs` without one.
   * Ends when the signal aborts or the feed does.
   */
  follow(jobId: string, after: number, idleMs: number, signal: AbortSignal): AsyncGenerator<EventRow[]>;
}

/** @param closing ends the feed and every stream of it */
export function createEventFeed(
  store: Pick<Store, 'events' | 'onJobChanged'>,
  closing: AbortSignal,
): EventFeed {
  const watches = new Map<string, Watch>();
  setMaxListeners(0, closing);
  const stopHints = store.onJobChanged((jobId) => watches.get(jobId)?.wake());
  const poll = setInterval(() => {
    for (const watch of watches.values()) watch.wake();
  }, POLL_MS).unref();
  closing.addEventListener('abort', () => {
    stopHints();
    clearInterval(poll);
  });

  return {
    async *follow(jobId, after, idleMs, signal) {
      // Not one signal of both: Node would keep a trace of each at the one that outlives them.
      const ends = [signal, closing];
      const watch = watches.get(jobId) ?? new Watch(jobId, store);
      watches.set(jobId, watch);
      watch.watchers++;
      try {
        // The poll wakes everyone, so how long nothing came is counted here.
        for (let idleSince = Date.now(); !isAborted(ends); ) {
          const { version } = watch;
          const events = await watch.read(after);
          after = events.at(-1)?.sequence ?? after;
          const isIdle = Date.now() - idleSince >= idleMs;
          if (events.length > 0 || isIdle) {
            yield events;
            idleSince = Date.now();
          } else await watch.changed(version, idleSince + idleMs - Date.now(), ends);
        }
      } finally {
        if (--watch.watchers === 0) watches.delete(jobId);
      }
    },
  };
}

/** A job that someone watches. */
class Watch {
  watchers = 0;
  /** Moves with every hint. */
  version = 0;
  readonly #jobId: string;
  readonly #store: Pick<Store, 'events'>;
  readonly #waiting = new Set<() => void>();
  readonly #reads = new Map<string, Promise<EventRow[]>>();

  constructor(jobId: string, store: Pick<Store, 'events'>) {
    this.#jobId = jobId;
    this.#store = store;
  }

  wake(): void {
    this.version++;
    for (const resolve of this.#waiting) resolve();
  }

  /** Watchers at the same place after the same hint share one query. */
  read(after: number): Promise<EventRow[]> {
    const place = `${this.version}:${after}`;
    const running = this.#reads.get(place);
    if (running !== undefined) return running;
    const read = this.#store.events
      .list(this.#jobId, after, EVENTS_AT_ONCE)
      .finally(() => this.#reads.delete(place));
    this.#reads.set(place, read);
    return read;
  }

  /** Waits for a hint since `version`, at most so long. */
  async changed(version: number, atMostMs: number, ends: readonly AbortSignal[]): Promise<void> {
    if (this.version !== version || isAborted(ends)) return;
    let wake: () => void = () => {};
    const waited = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const timer = setTimeout(wake, atMostMs);
    this.#waiting.add(wake);
    for (const end of ends) end.addEventListener('abort', wake);
    return waited.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(wake);
      for (const end of ends) end.removeEventListener('abort', wake);
    });
  }
}

function isAborted(ends: readonly AbortSignal[]): boolean {
  return ends.some(({ aborted }) => aborted);
}
