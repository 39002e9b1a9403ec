import { PassThrough, pipeline, Transform } from 'node:stream';
import { DataError } from '../data/data-error.ts';
import type { InferenceOptions, StoredFormat, StreamedFormat } from '../data/formats/format.ts';
import { FORMATS } from '../data/formats/index.ts';
import type { DatasetSchema } from '../spec/dataset.ts';
import { discardBlob, justDeleted, keepBlob, pathOf, recordBlob } from './blob-keeping.ts';
import { TrainyardError } from './errors.ts';
import { onceAKey } from './idempotency.ts';
import { newId } from './ids.ts';
import type { BlobStore, Store, StoredBlob } from './ports.ts';
import type { ProjectLimits } from './project-limits.ts';
import type { DatasetRow } from './rows.ts';
import type { Created, DatasetService, DatasetUpload } from './services.ts';

interface Dependencies {
  store: Store;
  blobs: BlobStore;
  limits: ProjectLimits;
  maxUploadBytes: number;
}

interface Received {
  blob: StoredBlob;
  schema: DatasetSchema;
}

export function createDatasetService(dependencies: Dependencies): DatasetService {
  const { store, blobs, limits, maxUploadBytes } = dependencies;
  return { register, preview, delete: remove };

  async function register(projectId: string, upload: DatasetUpload): Promise<Created<DatasetRow>> {
    const received = await receive(upload);
    return recordBlob(store, blobs, received.blob.key, () => record(projectId, upload, received));
  }

  function receive(upload: DatasetUpload): Promise<Received> {
    const format = FORMATS[upload.format];
    return format.reads === 'stream' ? receiveAtOnce(upload, format) : receiveFirst(upload, format);
  }

  /** Both at once, chunk by chunk: the bytes go to the blob store, the rows into the schema. */
  async function receiveAtOnce(upload: DatasetUpload, format: StreamedFormat): Promise<Received> {
    const rows = new PassThrough();
    const bytes = duplicateInto(rows);
    const faults: unknown[] = [];
    const stop = (error: unknown): void => {
      faults.push(error);
      bytes.destroy(error as Error);
    };
    pipeline(upload.source, bytes, (error) => error && stop(error));
    const storing = blobs.put(bytes, { maxBytes: maxUploadBytes });
    const inferring = format.inferSchema(rows, optionsOf(upload));
    for (const side of [storing, inferring]) side.catch(stop);
    const [blob, schema] = await Promise.allSettled([storing, inferring]);
    if (blob.status === 'fulfilled' && schema.status === 'fulfilled') {
      return { blob: blob.value, schema: schema.value };
    }
    if (blob.status === 'fulfilled') await discardBlob(store, blobs, blob.value.key);
    throw refusalAmong(faults, upload);
  }

  /** The bytes first, as the format is read here and there in its file. */
  async function receiveFirst(upload: DatasetUpload, format: StoredFormat): Promise<Received> {
    const blob = await blobs.put(upload.source, { maxBytes: maxUploadBytes });
    try {
      const schema = await format.inferSchema(await pathOf(blobs, blob.key), optionsOf(upload));
      return { blob, schema };
    } catch (error) {
      await discardBlob(store, blobs, blob.key);
      throw isAbsent(error) ? justDeleted(error) : refusalAmong([error], upload);
    }
  }

  function optionsOf({ columnTypes }: DatasetUpload): InferenceOptions {
    return { columnTypes, maxBytes: maxUploadBytes };
  }

  async function record(
    projectId: string,
    upload: DatasetUpload,
    { blob, schema }: Received,
  ): Promise<Created<DatasetRow>> {
    const { format, columnTypes, idempotencyKey } = upload;
    const row: DatasetRow = {
      id: newId('ds'),
      projectId,
      name: await upload.name(),
      format,
      schema,
      blobKey: blob.key,
      bytes: blob.bytes,
      createdAt: new Date(),
    };
    const insert = async (inside: Store): Promise<DatasetRow> => {
      await limits.checkStorage(inside, projectId, blob.bytes);
      await keepBlob(inside, blobs, blob.key);
      await inside.datasets.insert(row);
      return row;
    };
    const content = [row.name, format, columnTypes ?? null, blob.key];
    const request = { projectId, operation: 'createDataset', key: idempotencyKey, content };
    const { answer, replayed } = await onceAKey(store, request, insert);
    // A kept answer has been through JSON.
    return { row: { ...answer, createdAt: new Date(answer.createdAt) }, replayed };
  }

  async function preview(dataset: DatasetRow, limit: number): Promise<Record<string, unknown>[]> {
    const format = FORMATS[dataset.format];
    return format.reads === 'stream'
      ? format.preview(await blobs.read(dataset.blobKey), limit)
      : format.preview(await blobs.localPath(dataset.blobKey), limit);
  }

  async function remove(projectId: string, datasetId: string): Promise<void> {
    const dataset = await store.datasets.get(datasetId, projectId);
    const outcome = dataset === null ? 'absent' : await store.datasets.delete(datasetId, projectId);
    if (outcome === 'inUse') {
      throw new TrainyardError('datasetInUse', `A job that hasn’t ended needs the data set “${datasetId}”`);
    }
    if (dataset === null || outcome === 'absent') {
      throw new TrainyardError('notFound', `There is no data set “${datasetId}”`);
    }
    await discardBlob(store, blobs, dataset.blobKey);
  }
}

/** Whether a file that was to be read isn't there. */
function isAbsent(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

/** Passes bytes on, and the same into `side`, no faster than both take them. Ends and fails with it. */
function duplicateInto(side: PassThrough): Transform {
  // Whoever reads hears of an error by a promise; once nobody reads, there must still be a listener.
  side.on('error', () => {});
  const through = new Transform({
    transform(chunk, _encoding, done) {
      if (side.write(chunk)) done(null, chunk);
      else side.once('drain', () => done(null, chunk));
    },
    flush(done) {
      side.end();
      done();
    },
    destroy(error, done) {
      // A stream that has ended is destroyed too; whoever reads the side may be behind then, and comes to its end.
      if (error || !side.writableEnded) side.destroy(error ?? undefined);
      done(error);
    },
  });
  return through.on('error', () => {});
}

/** @param maxBytes the bound that an upload went over */
export function tooLarge(maxBytes: number): TrainyardError {
  return new TrainyardError('tooLarge', `An upload may have at most ${maxBytes} bytes`);
}

/** What went wrong first may be only the echo of it, such as a stream that closed early. */
function refusalAmong(
  faults: readonly unknown[],
  { pointer = '/file' }: Pick<DatasetUpload, 'pointer'>,
): unknown {
  const told = faults.find((fault) => fault instanceof TrainyardError);
  const data = faults.find((fault) => fault instanceof DataError);
  if (told !== undefined || data === undefined) return told ?? faults[0];
  return new TrainyardError('invalidDataset', data.message, {
    errors: [{ pointer, message: data.message }],
    cause: data,
  });
}
