import { describe, expect, it, vi } from 'vitest';
import { createBlobSweeper } from '../../../src/jobs/blob-sweeper.ts';
import type { Store } from '../../../src/jobs/ports.ts';

/** Keys of old content, of which some are named by rows, in a database that may be away. */
function setUp(old: string[], used: string[]) {
  const deleted: string[] = [];
  const asked: number[] = [];
  const state = { reachable: true };
  const store = {
    async ping() {
      if (!state.reachable) throw new Error('away');
    },
    async unusedBlobs(keys: readonly string[]) {
      asked.push(keys.length);
      return keys.filter((key) => !used.includes(key));
    },
    transaction: (work: (inside: Store) => Promise<unknown>) => work(store),
    lockBlob: async () => {},
    blobInUse: async (key: string) => used.includes(key),
  } as unknown as Store;
  const blobs = {
    putBefore: vi.fn(async function* () {
      yield* old;
    }),
    removeUnfinished: vi.fn(async () => {}),
    delete: async (key: string) => void deleted.push(key),
  };
  return { sweeper: createBlobSweeper({ store, blobs }), blobs, deleted, asked, state };
}

describe('the sweeper of blobs', () => {
  it('discards old content that no row names', async () => {
    const { sweeper, deleted, blobs } = setUp(['a', 'b', 'c'], ['b']);
    await sweeper.sweep();
    expect(deleted).toEqual(['a', 'c']);
    expect(blobs.removeUnfinished).toHaveBeenCalled();
  });

  it('asks after many at once, and leaves none out', async () => {
    const keys = Array.from({ length: 1_201 }, (_, i) => `${i}`);
    const { sweeper, deleted, asked } = setUp(keys, []);
    await sweeper.sweep();
    expect(asked).toEqual([500, 500, 201]);
    expect(deleted).toEqual(keys);
  });

  it('leaves all alone for an hour after the database was away: a run may still hold what it is to name', async () => {
    vi.useFakeTimers();
    try {
      const { sweeper, deleted, state } = setUp(['a'], []);
      state.reachable = false;
      await expect(sweeper.sweep()).rejects.toThrow('away');
      state.reachable = true;
      vi.advanceTimersByTime(3_600_000);
      await sweeper.sweep();
      expect(deleted).toEqual([]);
      vi.advanceTimersByTime(1);
      await sweeper.sweep();
      expect(deleted).toEqual(['a']);
    } finally {
      vi.useRealTimers();
    }
  });
});
