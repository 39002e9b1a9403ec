import { readFile } from 'node:fs/promises';
import type { ForwardOf } from '../../src/engine/predict/forward.ts';
import { loadModel, type TrainedModel } from '../../src/engine/predict/trained-model.ts';

/** How many bytes of model files are kept loaded. */
const BYTES_KEPT = 1_000_000_000;

export interface ModelCache {
  /** Uses a model, loaded now or earlier; it is not unloaded while in use. */
  use<T>(blobKey: string, work: (model: TrainedModel) => Promise<T>): Promise<T>;
}

interface LoadedModel {
  readonly model: TrainedModel;
  readonly bytes: number;
}

interface Entry {
  readonly loading: Promise<LoadedModel>;
  bytes: number;
  users: number;
}

interface CacheOptions {
  readonly bytesKept?: number;
  /** Gives what is to send rows through a model; tfjs when left out. */
  readonly forwardOf?: ForwardOf | undefined;
}

/** Keeps the models used last, as many as fit. @param fetchBlob answers the local path of a blob */
export function createModelCache(
  fetchBlob: (blobKey: string) => Promise<string>,
  { bytesKept = BYTES_KEPT, forwardOf }: CacheOptions = {},
): ModelCache {
  // A Map keeps the order of insertion: the first entry is the one that was not used for longest.
  const entries = new Map<string, Entry>();

  async function load(blobKey: string): Promise<LoadedModel> {
    const file = await readFile(await fetchBlob(blobKey));
    return { model: loadModel(file, forwardOf), bytes: file.byteLength };
  }

  function open(blobKey: string): Entry {
    const entry = entries.get(blobKey) ?? { loading: load(blobKey), bytes: 0, users: 0 };
    entries.delete(blobKey);
    entries.set(blobKey, entry);
    return entry;
  }

  async function evict(): Promise<void> {
    for (const [blobKey, entry] of entries) {
      const held = [...entries.values()].reduce((sum, { bytes }) => sum + bytes, 0);
      if (held <= bytesKept || entries.size === 1) return;
      if (entry.users > 0) continue;
      entries.delete(blobKey);
      (await entry.loading).model.dispose();
    }
  }

  return {
    async use(blobKey, work) {
      const entry = open(blobKey);
      entry.users++;
      try {
        const { model, bytes } = await entry.loading.catch((error) => {
          entries.delete(blobKey);
          throw error;
        });
        entry.bytes = bytes;
        return await work(model);
      } finally {
        entry.users--;
        await evict();
      }
    },
  };
}
