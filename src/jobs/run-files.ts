import { discardBlob } from './blob-keeping.ts';
import type { BlobStore, Store, StoredBlob } from './ports.ts';
import type { JobRow } from './rows.ts';
import { type Claim, FenceLostError, type RunService } from './run-service.ts';

/** The files that a run leaves: each is moved to the blobs once, and kept when the rows that name it are written. */
export interface RunFiles {
  /**
   * Moves files to the blobs and writes the rows that name them, or leaves neither.
   * @param write answers the blobs that its rows no longer name, to be discarded
   * @throws FenceLostError
   */
  keep(
    paths: readonly string[],
    write: (inside: Store, current: JobRow, files: readonly StoredBlob[]) => Promise<readonly string[]>,
  ): Promise<void>;
  /** Discards what was moved and never kept. */
  abandon(): Promise<void>;
}

export function createRunFiles(
  { store, blobs, runs }: { store: Store; blobs: BlobStore; runs: RunService },
  claim: Claim,
): RunFiles {
  /** By path. Once moved, a file stays so: writing about it may have to be tried again. */
  const moved = new Map<string, Promise<StoredBlob>>();
  const discard = (blobKey: string) => discardBlob(store, blobs, blobKey);

  function move(path: string): Promise<StoredBlob> {
    const moving = moved.get(path) ?? blobs.putFile(path);
    moved.set(path, moving);
    moving.catch(() => moved.delete(path));
    return moving;
  }

  async function abandon(): Promise<void> {
    const left = await Promise.allSettled(moved.values());
    moved.clear();
    for (const file of left) if (file.status === 'fulfilled') await discard(file.value.key);
  }

  return {
    async keep(paths, write) {
      const files = await Promise.all(paths.map(move));
      try {
        const outdated = await runs.write(claim, async (inside, current) => {
          for (const { key } of files) {
            await inside.lockBlob(key);
            // A twin of this content may have been discarded since. Then the file is gone, and no trying helps.
            await blobs.localPath(key);
          }
          return write(inside, current, files);
        });
        for (const path of paths) moved.delete(path);
        // All is committed: a fault here must not have it written again.
        for (const blobKey of outdated) await discard(blobKey).catch(() => {});
      } catch (error) {
        if (error instanceof FenceLostError) await abandon();
        throw error;
      }
    },

    abandon,
  };
}
