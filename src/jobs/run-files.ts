import { rm } from 'node:fs/promises';
import { discardBlob } from './blob-keeping.ts';
import type { BlobStore, Store, StoredBlob } from './ports.ts';
import type { JobRow } from './rows.ts';
import { type Claim, FenceLostError, type RunService } from './run-service.ts';

/**
 * The files that a run leaves: each is put into the blobs, and gone from its place once the rows that name it are
 * written.
 */
export interface RunFiles {
  /**
   * Puts files into the blobs and writes the rows that name them, or leaves neither.
   * @param write answers the blobs that its rows no longer name, to be discarded
   * @throws FenceLostError
   */
  keep(
    paths: readonly string[],
    write: (inside: Store, current: JobRow, files: readonly StoredBlob[]) => Promise<readonly string[]>,
  ): Promise<void>;
  /** Discards what was put and never kept. */
  abandon(): Promise<void>;
}

export function createRunFiles(
  { store, blobs, runs }: { store: Store; blobs: BlobStore; runs: RunService },
  claim: Claim,
): RunFiles {
  /** By path. Writing about a file may have to be tried again; putting it once is enough. */
  const put = new Map<string, Promise<StoredBlob>>();
  const discard = (blobKey: string) => discardBlob(store, blobs, blobKey);

  function putOnce(path: string): Promise<StoredBlob> {
    const putting = put.get(path) ?? blobs.putFile(path);
    put.set(path, putting);
    putting.catch(() => put.delete(path));
    return putting;
  }

  /** To be called inside the transaction that names the file: nobody discards its content any more. */
  async function hold(inside: Store, path: string, { key }: StoredBlob): Promise<void> {
    await inside.lockBlob(key);
    // A twin of this job, which had the same content, may have discarded it since.
    await blobs.localPath(key).catch(() => blobs.putFile(path));
  }

  async function abandon(): Promise<void> {
    const left = await Promise.allSettled(put.values());
    put.clear();
    for (const file of left) if (file.status === 'fulfilled') await discard(file.value.key);
  }

  return {
    async keep(paths, write) {
      const files = await Promise.all(paths.map(putOnce));
      try {
        const outdated = await runs.write(claim, async (inside, current) => {
          for (const [i, path] of paths.entries()) await hold(inside, path, files[i]!);
          return write(inside, current, files);
        });
        // All is committed: a fault here must not have it written again.
        for (const path of paths) {
          put.delete(path);
          await rm(path, { force: true }).catch(() => {});
        }
        for (const blobKey of outdated) await discard(blobKey).catch(() => {});
      } catch (error) {
        if (error instanceof FenceLostError) await abandon();
        throw error;
      }
    },

    abandon,
  };
}
