import { type Hdf5, openHdf5 } from './hdf5.ts';
import { refusal } from './import-error.ts';
import { parseJson } from './json-file.ts';
import { checkCount, type NamedWeight, namedWeights } from './named-weights.ts';
import type { StoredFile } from './scratch-files.ts';
import { kerasLayers, trainingOptionsLeftOut } from './topology-layers.ts';
import type { ForeignModel, KerasLayer } from './weight-source.ts';

const GROUP = 'model_weights';

/**
 * A whole model as Keras 2, and Keras 3 for an ending of `.h5`, keep it in HDF5: its topology is an attribute, and
 * each layer that the model itself has, has a group with its weights' names; one of a model within, those of all
 * its layers.
 * @throws ImportError
 */
export async function readHdf5Model(file: StoredFile, place: readonly string[]): Promise<ForeignModel> {
  const hdf5 = await openHdf5(file, place);
  try {
    const at = [...place, 'model_config'];
    const config = hdf5.texts('', 'model_config')?.[0];
    if (config === undefined)
      throw refusal(at, 'the file has weights at most; save the whole model, with its layers: model.save()');
    const topology = trainingOptionsLeftOut({ model_config: parseJson(config, at) });
    const layers = kerasLayers(topology);
    const weights = namedWeights(weightsIn(hdf5, layers, place), layers);
    return { format: 'hdf5', topology, place, weights, close: () => hdf5.close() };
  } catch (error) {
    hdf5.close();
    throw error;
  }
}

function weightsIn(hdf5: Hdf5, layers: readonly KerasLayer[], place: readonly string[]): NamedWeight[] {
  const groups = hdf5.texts(GROUP, 'layer_names');
  if (groups === undefined) throw refusal([...place, GROUP], 'the weights of a whole model stand here');
  checkCount(groups.length, [...place, GROUP]);
  const listed = groups.flatMap((group) =>
    (hdf5.texts(`${GROUP}/${group}`, 'weight_names') ?? []).map((name) => ({ group, name })),
  );
  checkCount(listed.length, [...place, GROUP]);
  const names = new Set(layers.map(({ name }) => name));
  return listed.flatMap(({ group, name }) => {
    const weight = hdf5.weight(`${GROUP}/${group}/${name}`);
    return weight ? [{ name, weight, owner: names.has(group) ? group : undefined }] : [];
  });
}
