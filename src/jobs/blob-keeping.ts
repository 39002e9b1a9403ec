import { TrainyardError } from './errors.ts';
import type { BlobStore, Store } from './ports.ts';

/**
 * Content is stored once however many rows name it, so who discards it and who stores it again at the same
 * time must exclude each other. Both take the blob's lock: the one before naming it in a row, the other before
 * looking whether a row names it.
 */

/**
 * To be called inside the transaction that writes a row with this key, before it commits.
 * @throws TrainyardError unavailable where the content was discarded since it was put: put it again
 */
export async function keepBlob(inside: Store, blobs: BlobStore, blobKey: string): Promise<void> {
  await inside.lockBlob(blobKey);
  await pathOf(blobs, blobKey);
}

/**
 * Where content that was just put lies on the disk.
 * @throws TrainyardError unavailable where it was discarded since: put it again
 */
export function pathOf(blobs: BlobStore, blobKey: string): Promise<string> {
  return blobs.localPath(blobKey).catch((error: unknown) => {
    throw justDeleted(error);
  });
}

/** The content went between its being put and being read: another who brought the same was refused. */
export function justDeleted(cause: unknown): TrainyardError {
  return new TrainyardError('unavailable', 'The content was just deleted; send it again', {
    retryAfterSeconds: 1,
    cause,
  });
}

/**
 * Does what is to name content that was just put in a row. The content goes where none was written: it was refused,
 * or the answer is that of an earlier request.
 */
export async function recordBlob<T extends { readonly replayed: boolean }>(
  store: Store,
  blobs: BlobStore,
  blobKey: string,
  record: () => Promise<T>,
): Promise<T> {
  try {
    const recorded = await record();
    if (recorded.replayed) await discardBlob(store, blobs, blobKey);
    return recorded;
  } catch (error) {
    await discardBlob(store, blobs, blobKey);
    throw error;
  }
}

/** Deletes the content unless a row still names it. */
export async function discardBlob(
  store: Store,
  blobs: Pick<BlobStore, 'delete'>,
  blobKey: string,
): Promise<void> {
  await store.transaction(async (inside) => {
    await inside.lockBlob(blobKey);
    if (!(await inside.blobInUse(blobKey))) await blobs.delete(blobKey);
  });
}
