import { discardBlob } from './blob-keeping.ts';
import { watchDatabase } from './database-watch.ts';
import type { BlobStore, Store } from './ports.ts';

/** Content that no row names for so long was put by a process that is gone. */
const ABANDONED_MS = 3_600_000;
/** Keys that are asked after at once. */
const AT_ONCE = 500;

interface Dependencies {
  store: Store;
  blobs: Pick<BlobStore, 'putBefore' | 'removeUnfinished' | 'delete'>;
}

/**
 * Content is put before the row that names it is written. Who is killed in between leaves it, and here it is
 * discarded, with what was not even written to its end. Several sweepers at once do no harm.
 */
export function createBlobSweeper({ store, blobs }: Dependencies): { sweep(): Promise<void> } {
  const database = watchDatabase(store);

  return {
    async sweep() {
      await blobs.removeUnfinished();
      await database.check();
      // No row could be written while it was away: a run may still hold what it is to name.
      if (!database.wasAwayWithin(ABANDONED_MS)) await discardUnused();
    },
  };

  async function discardUnused(): Promise<void> {
    let keys: string[] = [];
    for await (const key of blobs.putBefore(new Date(Date.now() - ABANDONED_MS))) {
      keys.push(key);
      if (keys.length < AT_ONCE) continue;
      await discardOf(keys);
      keys = [];
    }
    await discardOf(keys);
  }

  async function discardOf(keys: readonly string[]): Promise<void> {
    for (const key of await store.unusedBlobs(keys)) await discardBlob(store, blobs, key);
  }
}
