import type { Path } from './fault.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether arrays and objects lie in one another more than `levels` deep; goes no deeper itself. */
export function nestsDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => nestsDeeper(inner, levels - 1));
}

/** Keras writes `kernel_size` and TensorFlow.js, before it saves, `kernelSize`: all keys as Keras writes them. */
export function withKerasKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withKerasKeys);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [kerasKey(key), withKerasKeys(inner)]),
  );
}

export function kerasKey(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** A path through `withKerasKeys(value)` as a path through `value` itself. */
export function asWritten(value: unknown, path: Path): Path {
  let at = value;
  return path.map((key) => {
    const written = isObject(at) ? writtenKey(at, String(key)) : key;
    at = typeof at === 'object' && at !== null ? (at as JsonObject)[written] : undefined;
    return written;
  });
}

function writtenKey(object: JsonObject, key: string): string {
  if (Object.hasOwn(object, key)) return key;
  return Object.keys(object).find((written) => kerasKey(written) === key) ?? key;
}
