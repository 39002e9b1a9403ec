import { posix } from 'node:path';
import { readHdf5Model } from './hdf5-model.ts';
import { refusal } from './import-error.ts';
import { isKerasArchive, readKerasArchive } from './keras-archive.ts';
import type { ByteBudget, OwnFile, ScratchFiles, StoredFile } from './scratch-files.ts';
import { type FilesByName, readTfjsModel } from './tfjs-model.ts';
import type { ForeignModel } from './weight-source.ts';
import { type Archive, openZip } from './zip-files.ts';

const ZIP = Buffer.from('PK\x03\x04', 'latin1');
const HDF5 = Buffer.from('\x89HDF\r\n\x1a\n', 'latin1');
const JSON_START = /^\uFEFF?\s*\{/;
const PLACE = ['model'];
const MODEL_JSON = 'model.json';

/** What files of an upload are read with. */
export interface Reading {
  readonly scratch: ScratchFiles;
  /** For what is unpacked. */
  readonly budget: ByteBudget;
}

/**
 * Reads a model of another's by what its file begins with: HDF5, a `.keras` archive, a ZIP of `model.json` and its
 * shards, or `model.json` with the shards beside it. It must be closed.
 * @throws ImportError, ScratchFullError
 */
export async function readForeignModel(
  model: OwnFile,
  shards: FilesByName,
  { scratch, budget }: Reading,
): Promise<ForeignModel> {
  const start = await model.read(0, Math.min(model.bytes, 512));
  if (start.subarray(0, HDF5.length).equals(HDF5)) return readHdf5Model(model, PLACE);
  if (start.subarray(0, ZIP.length).equals(ZIP)) {
    const archive = await openZip(model, PLACE, scratch, budget);
    return isKerasArchive(archive) ? readKerasArchive(archive, PLACE) : readZippedTfjs(archive);
  }
  if (JSON_START.test(start.toString('utf8'))) return readTfjsModel(model, shards, PLACE);
  throw refusal(PLACE, 'is neither a model.json, nor a .keras, .h5 or ZIP file');
}

async function readZippedTfjs(archive: Archive): Promise<ForeignModel> {
  const path = archive.names.find((name) => posix.basename(name) === MODEL_JSON);
  if (path === undefined) throw refusal(PLACE, 'the ZIP has neither a model.json nor a config.json');
  const folder = path.slice(0, -MODEL_JSON.length);
  const beside = archive.names.filter((name) => name.startsWith(folder) && name !== path);
  const shards = new Map<string, StoredFile>();
  for (const name of beside) shards.set(name.slice(folder.length), await archive.unpack(name));
  return readTfjsModel(await archive.unpack(path), shards, [...PLACE, MODEL_JSON]);
}
