import { File, ready } from 'h5wasm';
import { zipOf } from './zip.ts';

/** An array to be kept: its shape and its numbers. */
export interface KeptArray {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}
type Arrays = Readonly<Record<string, KeptArray>>;

let written = 0;

/** An HDF5 file as `fill` makes it. */
export async function hdf5Of(fill: (file: File) => void): Promise<Buffer> {
  const { FS } = await ready;
  const path = `written-${written++}.h5`;
  const file = new File(path, 'w');
  fill(file);
  file.flush();
  file.close();
  const bytes = Buffer.from(FS.readFile(path));
  FS.unlink(path);
  return bytes;
}

function keep(file: File, path: string, { shape, values }: KeptArray): void {
  const folders = path.split('/').slice(0, -1);
  folders.forEach((_, i) => {
    const folder = folders.slice(0, i + 1).join('/');
    if (file.get(folder) === null) file.create_group(folder);
  });
  file.create_dataset({ name: path, data: values, shape: [...shape] });
}

/**
 * A whole model as Keras 2 keeps it: the layers as an attribute, and the weights in groups.
 * @param groups a group for each layer that the model itself has, with its weights by their names
 */
export function wholeModel(config: object, groups: Readonly<Record<string, Arrays>>): Promise<Buffer> {
  return hdf5Of((file) => {
    file.create_attribute('model_config', JSON.stringify(config));
    file.create_group('model_weights').create_attribute('layer_names', Object.keys(groups));
    for (const [group, weights] of Object.entries(groups)) {
      const names = Object.keys(weights);
      for (const name of names) keep(file, `model_weights/${group}/${name}`, weights[name]!);
      if (file.get(`model_weights/${group}`) === null) file.create_group(`model_weights/${group}`);
      const entity = file.get(`model_weights/${group}`) as File;
      if (names.length > 0) entity.create_attribute('weight_names', names);
    }
  });
}

/** A `.keras` archive as Keras 3 writes it. @param weights by their place: `layers/dense_1/vars/0` */
export async function kerasArchive(config: object, weights: Arrays): Promise<Buffer> {
  const h5 = await hdf5Of((file) => {
    for (const [path, array] of Object.entries(weights)) keep(file, path, array);
  });
  const metadata = { keras_version: '3.8.0', date_saved: '2025-01-01@00:00:00' };
  // Python's `zipfile` stores them as they are.
  return zipOf(
    {
      'metadata.json': JSON.stringify(metadata),
      'config.json': JSON.stringify(config),
      'model.weights.h5': h5,
    },
    false,
  );
}
