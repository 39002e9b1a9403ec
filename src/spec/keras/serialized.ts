import { isObject, type JsonObject } from './json.ts';

/** An initializer, a regularizer, a constraint or an activation. */
export interface Serialized {
  /** Its class or name, in small letters. */
  readonly kind: string;
  /** Whether it was written by its name alone. */
  readonly isFunction: boolean;
  readonly options: JsonObject;
}

/**
 * Keras writes them by name (`"he_normal"`) or as `{ "class_name": "HeNormal", "config": {} }`, a function as
 * `{ "class_name": "function", "config": "relu" }`; TensorFlow.js in camel case as well.
 * @returns undefined for what is none of these
 */
export function readSerialized(value: unknown): Serialized | undefined {
  if (typeof value === 'string') return { kind: plain(value), isFunction: true, options: {} };
  if (!isObject(value) || typeof value.class_name !== 'string') return undefined;
  const { class_name: className, config } = value;
  if (typeof config === 'string') return readSerialized(config);
  return { kind: plain(className), isFunction: false, options: isObject(config) ? config : {} };
}

/** `glorot_uniform`, `glorotUniform` and `GlorotUniform` alike. */
export function plain(name: string): string {
  return name.replaceAll('_', '').toLowerCase();
}

/** A number among options; the default where it is left out or null, undefined where it is something else. */
export function numberOption(options: JsonObject, key: string, otherwise: number): number | undefined {
  const value = options[key] ?? otherwise;
  return typeof value === 'number' ? value : undefined;
}
