import type { Faults, Path } from './fault.ts';
import { isObject } from './json.ts';

/** A layer whose output another one takes, and where that is said. */
export interface Reference {
  readonly name: string;
  readonly path: Path;
}

/**
 * What a layer takes, of its `inbound_nodes`: one a call, each `[["name", 0, 0, {}], …]` as Keras 2 and
 * TensorFlow.js write it, or Keras 3's `{ "args": […], "kwargs": {} }`.
 */
export function readCall(calls: readonly unknown[], path: Path, faults: Faults): Reference[] {
  if (calls.length > 1) {
    const remedy = 'layers can’t share weights here, so give each call a layer of its own';
    faults.add(path, `the layer is called ${calls.length} times: ${remedy}`);
  }
  if (calls.length === 0) faults.add(path, 'says nothing that the layer takes');
  return calls.slice(0, 1).flatMap((call) => referencesIn(call, [...path, 0], faults));
}

/** Every `["name", 0, 0]` and Keras tensor within a value. */
export function referencesIn(value: unknown, path: Path, faults: Faults): Reference[] {
  if (isTriple(value)) return referenceOf(value, path, faults);
  if (Array.isArray(value)) return value.flatMap((inner, i) => referencesIn(inner, [...path, i], faults));
  if (isObject(value) && value.class_name === '__keras_tensor__' && isObject(value.config))
    return referencesIn(value.config.keras_history, [...path, 'config', 'keras_history'], faults);
  if (isObject(value) && 'args' in value) {
    checkOptions(value.kwargs, [...path, 'kwargs'], faults);
    return referencesIn(value.args, [...path, 'args'], faults);
  }
  faults.add(path, 'isn’t the output of a layer');
  return [];
}

/** Name, which call of the layer, which of its outputs; in Keras 2 the call's options too. */
type Triple = readonly [string, number, number, unknown?];

function isTriple(value: unknown): value is Triple {
  return (
    Array.isArray(value) && typeof value[0] === 'string' && [1, 2].every((i) => Number.isInteger(value[i]))
  );
}

function referenceOf([name, , output, options]: Triple, path: Path, faults: Faults): Reference[] {
  if (output > 0) faults.add([...path, 2], `takes output ${output} of “${name}”; layers have one here`);
  checkOptions(options, [...path, 3], faults);
  return [{ name, path: [...path, 0] }];
}

function checkOptions(options: unknown, path: Path, faults: Faults): void {
  for (const [key, value] of Object.entries(options ?? {})) {
    if (value === null) continue;
    const remedy = key === 'training' ? ': a stage says by “trainable” which layers stand still' : '';
    faults.add([...path, key], `a call’s options aren’t taken${remedy}`);
  }
}
