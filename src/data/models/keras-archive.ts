import { isObject } from '../../spec/keras/json.ts';
import type { TopologyJson } from '../../spec/keras/topology.ts';
import { type Hdf5, openHdf5 } from './hdf5.ts';
import { refusal } from './import-error.ts';
import { readJson } from './json-file.ts';
import { trainingOptionsLeftOut } from './topology-layers.ts';
import type { ForeignModel, KerasLayer, WeightSource } from './weight-source.ts';
import type { Archive } from './zip-files.ts';

const CONFIG = 'config.json';
const WEIGHTS = 'model.weights.h5';

export function isKerasArchive({ names }: Archive): boolean {
  return names.includes(CONFIG);
}

/**
 * A `.keras` archive of Keras 3 (or of Keras 2.12 and later): the topology in `config.json`, the weights in
 * `model.weights.h5`, numbered layer by layer.
 * @throws ImportError, ScratchFullError
 */
export async function readKerasArchive(archive: Archive, place: readonly string[]): Promise<ForeignModel> {
  if (!archive.names.includes(WEIGHTS))
    throw refusal([...place, WEIGHTS], `the archive has no ${WEIGHTS}; others than that aren’t read`);
  const at = [...place, CONFIG];
  const topology = trainingOptionsLeftOut(await readJson(await archive.unpack(CONFIG), at));
  const hdf5 = await openHdf5(await archive.unpack(WEIGHTS), [...place, WEIGHTS]);
  return {
    format: 'keras',
    topology,
    place: at,
    weights: numberedWeights(hdf5, topology),
    close: () => hdf5.close(),
  };
}

/**
 * Keras 3 keeps weight `i` of a layer at `<layer>/vars/i`, where the layer is named by its class and by how many of
 * that class stand before it in its model: `layers/dense_1`. A recurrent layer's stand in its `cell`. Keras 2.12
 * said `_layer_checkpoint_dependencies` for `layers`.
 */
function numberedWeights(hdf5: Hdf5, topology: TopologyJson): WeightSource {
  const list = hdf5.has('layers') ? 'layers' : '_layer_checkpoint_dependencies';
  return {
    find({ layer, position }) {
      const folder = [...foldersOf(topology, layer, list), ...within(layer)].join('/');
      return hdf5.weight(`${folder}/vars/${position}`);
    },
  };
}

const RECURRENT: ReadonlySet<string> = new Set(['SimpleRNN', 'LSTM', 'GRU']);

function within({ className, direction }: KerasLayer): string[] {
  if (direction) return [`${direction}_layer`, 'cell'];
  return RECURRENT.has(className) ? ['cell'] : [];
}

/** `layers/functional/layers/dense_1`: a folder for each list of layers on the way, and one for the layer in it. */
function foldersOf(topology: TopologyJson, { path }: KerasLayer, list: string): string[] {
  const folders: string[] = [];
  let at: unknown = topology;
  for (const key of path) {
    if (Array.isArray(at) && typeof key === 'number') folders.push(list, folderIn(at, key));
    at = (at as Record<string | number, unknown>)[key];
  }
  return folders;
}

function folderIn(layers: readonly unknown[], position: number): string {
  const names = layers.slice(0, position + 1).map(folderName);
  const name = names.at(-1)!;
  const before = names.slice(0, -1).filter((other) => other === name).length;
  return before === 0 ? name : `${name}_${before}`;
}

/** The class in Keras's snake case: `conv2d_transpose`, `p_re_lu`. */
function folderName(layer: unknown): string {
  const className = isObject(layer) ? String(layer.class_name) : '';
  return className
    .replaceAll(/\W+/g, '')
    .replaceAll(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replaceAll(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}
