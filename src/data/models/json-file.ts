import { jsonExcess } from '../../spec/json-excess.ts';
import { isObject, type JsonObject } from '../../spec/keras/json.ts';
import { type ImportError, refusal } from './import-error.ts';
import type { StoredFile } from './scratch-files.ts';

/** The JSON of the largest models that people build has a few megabytes; while it is parsed, everyone waits. */
const MOST_BYTES = 8 * 2 ** 20;
/** How deep it may nest is told when the topology is read. */
const MOST = { levels: Number.POSITIVE_INFINITY, parts: 400_000 };

/** @param place of the file in the upload. @throws ImportError */
export async function readJson(file: StoredFile, place: readonly string[]): Promise<JsonObject> {
  if (file.bytes > MOST_BYTES) throw tooLong(place);
  return parseJson((await file.read(0, file.bytes)).toString('utf8'), place);
}

/** @throws ImportError */
export function parseJson(text: string, place: readonly string[]): JsonObject {
  if (text.length > MOST_BYTES) throw tooLong(place);
  const excess = jsonExcess(text, MOST);
  if (excess !== undefined) throw refusal(place, `the JSON ${excess}`);
  const value = attempt(() => JSON.parse(text.replace(/^\uFEFF/, '')) as unknown);
  if (isObject(value)) return value;
  throw refusal(place, value === undefined ? 'isn’t JSON' : 'must be a JSON object');
}

function tooLong(place: readonly string[]): ImportError {
  return refusal(place, `the JSON has more than ${MOST_BYTES} bytes`);
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
