import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Store } from '../../src/jobs/ports.ts';

/**
 * A worker's runs have their folders in one of the worker's own, which it removes when it ends. Here goes what
 * workers left that were killed.
 * @param directory holds a folder a worker, by its id
 * @param silentMs a worker that was silent for so long doesn't write into its folder any more
 */
export async function removeAbandonedWork(
  workers: Pick<Store['workers'], 'alive'>,
  directory: string,
  silentMs: number,
): Promise<void> {
  const living = (await workers.alive(new Date(Date.now() - silentMs))).map(({ id }) => id);
  for (const id of await readdir(directory).catch(() => [])) {
    if (!living.includes(id)) await rm(join(directory, id), { recursive: true, force: true });
  }
}
