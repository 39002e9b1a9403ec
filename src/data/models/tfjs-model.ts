import { posix } from 'node:path';
import { isObject } from '../../spec/keras/json.ts';
import { type ManifestWeight, WeightsManifest } from '../../spec/keras/weights-manifest.ts';
import { pointerTo } from '../problems.ts';
import { ImportError, refusal } from './import-error.ts';
import { readJson } from './json-file.ts';
import { checkCount, type NamedWeight, namedWeights } from './named-weights.ts';
import type { StoredFile } from './scratch-files.ts';
import { decodeWeight, storedBytes } from './stored-numbers.ts';
import { kerasLayers, trainingOptionsLeftOut } from './topology-layers.ts';
import type { ForeignModel } from './weight-source.ts';

/** The files that came with a model, by their names. */
export type FilesByName = ReadonlyMap<string, StoredFile>;

/**
 * A LayersModel of TensorFlow.js: `model.json` has the topology and says which weights lie in which shards.
 * @param place of `model.json` in the upload
 * @throws ImportError
 */
export async function readTfjsModel(
  modelJson: StoredFile,
  shards: FilesByName,
  place: readonly string[],
): Promise<ForeignModel> {
  const { modelTopology, weightsManifest, format } = await readJson(modelJson, place);
  if (format === 'graph-model')
    throw refusal(
      [...place, 'format'],
      'a graph model has no layers: convert the Keras model to a layers model',
    );
  if (!isObject(modelTopology))
    throw refusal([...place, 'modelTopology'], 'a LayersModel has its layers here');
  const manifest = parseManifest(weightsManifest, [...place, 'weightsManifest']);
  const count = manifest.reduce((sum, group) => sum + group.weights.length, 0);
  checkCount(count, [...place, 'weightsManifest']);
  const topology = trainingOptionsLeftOut({ modelTopology });
  const weights = manifest.flatMap((group, i) => {
    const at = [...place, 'weightsManifest', i];
    return locate(group.weights, joined(group.paths, shards, [...at, 'paths']), at);
  });
  return {
    format: 'tfjs',
    topology,
    place,
    weights: namedWeights(weights, kerasLayers(topology)),
    close() {},
  };
}

function parseManifest(value: unknown, place: readonly string[]): WeightsManifest {
  const { data, error } = WeightsManifest.safeParse(value);
  if (data) return data;
  const errors = error.issues.slice(0, 20).map(({ path, message }) => ({
    pointer: pointerTo(...place, ...(path as (string | number)[])),
    message,
  }));
  throw new ImportError(errors);
}

/** Shards end to end, as one file. */
interface Joined {
  readonly bytes: number;
  read(start: number, length: number): Promise<Buffer>;
}

function joined(paths: readonly string[], shards: FilesByName, place: readonly (string | number)[]): Joined {
  const files = paths.map((path, i) => {
    const file = shards.get(path) ?? shards.get(posix.basename(path));
    if (file) return file;
    throw refusal([...place, i], `there is no part “weights” whose file is named “${posix.basename(path)}”`);
  });
  return {
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    async read(start, length) {
      const pieces: Buffer[] = [];
      let before = 0;
      for (const file of files) {
        const from = Math.max(start - before, 0);
        const to = Math.min(start + length - before, file.bytes);
        if (from < to) pieces.push(await file.read(from, to - from));
        before += file.bytes;
      }
      return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
    },
  };
}

/** Where each weight lies: one after another, in the manifest's order. */
function locate(
  weights: readonly ManifestWeight[],
  shards: Joined,
  place: readonly (string | number)[],
): NamedWeight[] {
  const wanted = weights.reduce((sum, weight) => sum + storedBytes(weight), 0);
  if (wanted !== shards.bytes)
    throw refusal(
      [...place, 'paths'],
      `the shards have ${shards.bytes} bytes, and the weights take ${wanted}`,
    );
  let next = 0;
  return weights.map((weight) => {
    const start = next;
    next += storedBytes(weight);
    const read = async () => decodeWeight(weight, await shards.read(start, storedBytes(weight)));
    return { name: weight.name, weight: { shape: weight.shape, read } };
  });
}
