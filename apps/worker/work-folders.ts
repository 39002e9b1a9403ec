import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * A worker's runs have their folders in one of the worker's own, which it removes when it ends. Here goes what
 * workers left that were killed.
 * @param directory holds a folder a worker, by its id
 * @param living ids of the workers that may still write into theirs
 */
export async function removeAbandonedWork(directory: string, living: readonly string[]): Promise<void> {
  const workers = await readdir(directory).catch(() => []);
  for (const id of workers) {
    if (!living.includes(id)) await rm(join(directory, id), { recursive: true, force: true });
  }
}
