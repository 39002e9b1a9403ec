import { Readable } from 'node:stream';
import { ImportError } from '../data/models/import-error.ts';
import { readForeignModel } from '../data/models/read-model.ts';
import {
  ByteBudget,
  type OwnFile,
  ScratchFiles,
  ScratchFullError,
  type StoredFile,
} from '../data/models/scratch-files.ts';
import type { FilesByName } from '../data/models/tfjs-model.ts';
import { streamModelFile } from '../model-file.ts';
import { Name } from '../spec/common.ts';
import type { ModelImport } from '../spec/model-import.ts';
import type { ImportedFrom } from '../spec/resource/model.ts';
import { discardBlob, keepBlob, recordBlob } from './blob-keeping.ts';
import { describeModel } from './describe-model.ts';
import { TrainyardError } from './errors.ts';
import { onceAKey } from './idempotency.ts';
import { newId } from './ids.ts';
import { invalidModel, type SettledImport, settleImport } from './imports/settle-import.ts';
import type { BlobStore, Store, StoredBlob } from './ports.ts';
import type { ProjectLimits } from './project-limits.ts';
import type { ModelRow } from './rows.ts';
import type { Created, ModelService, ModelUpload } from './services.ts';

interface Dependencies {
  store: Store;
  blobs: BlobStore;
  limits: ProjectLimits;
  /** That an upload may have, and what it unpacks to, and the weights that it becomes. */
  maxUploadBytes: number;
  /** Holds uploads while they are read. */
  scratchFolder: string;
}

/** A model of another's as it becomes a row. */
interface Import {
  readonly name: string;
  readonly asked: ModelImport;
  readonly from: ImportedFrom;
  readonly model: SettledImport;
  readonly blob: StoredBlob;
}

export function createModelService(dependencies: Dependencies): ModelService {
  const { store, blobs, limits, maxUploadBytes, scratchFolder } = dependencies;
  return { importModel, delete: remove };

  async function importModel(projectId: string, upload: ModelUpload): Promise<Created<ModelRow>> {
    const scratch = new ScratchFiles(scratchFolder);
    try {
      const imported = await convert(upload, scratch);
      return await recordBlob(store, blobs, imported.blob.key, () =>
        record(projectId, imported, upload.idempotencyKey),
      );
    } catch (error) {
      throw refusalOf(error, maxUploadBytes);
    } finally {
      await scratch.close();
    }
  }

  /** Reads the upload, and writes what it holds as a model's file of ours, one weight after another. */
  async function convert(upload: ModelUpload, scratch: ScratchFiles): Promise<Import> {
    const { file, name: fileName, shards } = await receive(upload, scratch, new ByteBudget(maxUploadBytes));
    const asked = upload.asked();
    const name = asked.name ?? nameOf(fileName);
    const budget = new ByteBudget(maxUploadBytes);
    const foreign = await readForeignModel(file, shards, { scratch, budget });
    try {
      const model = settleImport(foreign, asked, maxUploadBytes);
      const blob = await blobs.put(Readable.from(streamModelFile(model, model.weights)));
      return { name, asked, model, blob, from: { format: foreign.format, file: fileName } };
    } finally {
      foreign.close();
    }
  }

  async function record(
    projectId: string,
    imported: Import,
    idempotencyKey: string | undefined,
  ): Promise<Created<ModelRow>> {
    const { model, blob, asked } = imported;
    const insert = async (inside: Store): Promise<string> => {
      await limits.checkStorage(inside, projectId, blob.bytes);
      await keepBlob(inside, blobs, blob.key);
      const { id } = await inside.models.insert(rowOf(projectId, imported), model);
      return id;
    };
    const content = [asked, blob.key];
    const request = { projectId, operation: 'importModel', key: idempotencyKey, content };
    const { answer: id, replayed } = await onceAKey(store, request, insert);
    const row = await store.models.get(id, projectId);
    if (row === null) throw new TrainyardError('notFound', `The model “${id}” was deleted since`);
    return { row, replayed };
  }

  async function remove(projectId: string, modelId: string): Promise<void> {
    const model = await store.models.get(modelId, projectId);
    const outcome = model === null ? 'absent' : await store.models.delete(modelId, projectId);
    if (outcome === 'inUse')
      throw new TrainyardError('modelInUse', `A job that hasn’t ended begins with the model “${modelId}”`);
    if (model === null || outcome === 'absent')
      throw new TrainyardError('notFound', `There is no model “${modelId}”`);
    await discardBlob(store, blobs, model.blobKey);
  }
}

/** The file with the layers, and those beside it by their names. */
interface Received {
  readonly file: OwnFile;
  readonly name: string;
  readonly shards: FilesByName;
}

async function receive(upload: ModelUpload, scratch: ScratchFiles, budget: ByteBudget): Promise<Received> {
  let model: Pick<Received, 'file' | 'name'> | undefined;
  const shards = new Map<string, StoredFile>();
  for await (const { role, name, content } of upload.files) {
    if (role === 'model') {
      const file = await scratch.keep(content, budget);
      if (model) throw faultIn('/model', 'the form has a second part “model”');
      model = { file, name };
    } else {
      const file = await scratch.append(content, budget);
      if (shards.has(name)) throw faultIn('/weights', `two parts have a file of the name “${name}”`);
      shards.set(name, file);
    }
  }
  if (!model) throw faultIn('/model', 'the form needs a part “model” with a file name');
  return { ...model, shards };
}

/** @throws TrainyardError invalidModel where the file's name is none for a model */
function nameOf(file: string): string {
  const { data } = Name.safeParse(file.replace(/\.[^.]*$/, ''));
  if (data === undefined) throw faultIn('/name', 'say it, since the file’s name without its ending is none');
  return data;
}

function rowOf(projectId: string, { name, from, model, blob }: Import): Omit<ModelRow, 'version'> {
  return {
    ...describeModel(model),
    id: newId('mdl'),
    projectId,
    jobId: null,
    datasetId: null,
    parentModelId: null,
    name,
    seed: null,
    blobKey: blob.key,
    bytes: blob.bytes,
    evaluation: {},
    imported: from,
    stages: [],
    createdAt: new Date(),
  };
}

function faultIn(pointer: string, message: string): TrainyardError {
  return invalidModel([{ pointer, message }]);
}

/** What the caller is told of it. */
function refusalOf(error: unknown, maxBytes: number): unknown {
  if (error instanceof ImportError) return invalidModel([...error.errors], error);
  if (error instanceof ScratchFullError)
    return new TrainyardError('tooLarge', `An upload may have at most ${maxBytes} bytes, unpacked too`, {
      cause: error,
    });
  return error;
}
