import type { Path } from './fault.ts';
import { isObject, type JsonObject } from './json.ts';

/** What stands around the model in a `model.json` of TensorFlow.js and in the attributes of an HDF5 file. */
const WRAPPERS = ['model_topology', 'model_config'];

/**
 * The model in what Keras's `to_json()` or a `model.json` has: `{ class_name, config }`, bare or wrapped.
 * Undefined where there is none.
 */
export function findModel(document: JsonObject): { model: JsonObject; path: Path } | undefined {
  let model = document;
  const path: string[] = [];
  for (const wrapper of WRAPPERS) {
    const inner = model[wrapper];
    if ('class_name' in model || !isObject(inner)) continue;
    model = inner;
    path.push(wrapper);
  }
  return 'class_name' in model ? { model, path } : undefined;
}
