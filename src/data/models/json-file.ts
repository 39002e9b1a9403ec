import { isObject, type JsonObject } from '../../spec/keras/json.ts';
import { refusal } from './import-error.ts';
import type { StoredFile } from './scratch-files.ts';

/** The JSON of the largest models that people build has some megabytes. */
const MOST_BYTES = 64 * 2 ** 20;

/** @param place of the file in the upload. @throws ImportError */
export async function readJson(file: StoredFile, place: readonly string[]): Promise<JsonObject> {
  if (file.bytes > MOST_BYTES) throw refusal(place, `the JSON has more than ${MOST_BYTES} bytes`);
  return parseJson((await file.read(0, file.bytes)).toString('utf8'), place);
}

/** @throws ImportError */
export function parseJson(text: string, place: readonly string[]): JsonObject {
  const value = attempt(() => JSON.parse(text.replace(/^\uFEFF/, '')) as unknown);
  if (isObject(value)) return value;
  throw refusal(place, value === undefined ? 'isn’t JSON' : 'must be a JSON object');
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
