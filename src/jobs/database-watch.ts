import type { Store } from './ports.ts';

/** Knows when the database was away last: meanwhile nobody could write, so that silence and missing rows say nothing. */
export interface DatabaseWatch {
  /** @throws TrainyardError unavailable while it is away */
  check(): Promise<void>;
  wasAwayWithin(ms: number): boolean;
}

/** @param awayAt when it is to count as having been away before the first check; never, when left out */
export function watchDatabase(store: Pick<Store, 'ping'>, awayAt = Number.NEGATIVE_INFINITY): DatabaseWatch {
  return {
    async check() {
      await store.ping().catch((error) => {
        awayAt = Date.now();
        throw error;
      });
    },
    wasAwayWithin: (ms) => Date.now() - awayAt <= ms,
  };
}
