import { randomUUID } from 'node:crypto';
import type { Attribute, Dataset, File } from 'h5wasm';
import { size } from '../../spec/shapes.ts';
import { refusal } from './import-error.ts';
import type { StoredFile } from './scratch-files.ts';
import type { StoredWeight } from './weight-source.ts';

/** An HDF5 file that is open for reading. */
export interface Hdf5 {
  /** An attribute's text, or texts; undefined where there is none. Long lists are cut into `name0`, `name1`, … */
  texts(path: string, name: string): string[] | undefined;
  /** Undefined where there is no array. @throws ImportError for an array that isn't of numbers as they are kept here */
  weight(path: string): StoredWeight | undefined;
  has(path: string): boolean;
  close(): void;
}

/** HDF5's class of floating-point numbers. */
const FLOAT_CLASS = 1;
/** Weights hardly compress: what becomes so many times as much as the file has is no weight, and would hold everyone up. */
const MOST_INFLATION = 20;

/**
 * Opens a file in a file system in memory that has nothing but what is being imported. HDF5 may refer to other files
 * by their paths, and nobody can guess those.
 * @param place of the file in the upload
 * @throws ImportError for what is no whole HDF5 file
 */
export async function openHdf5(file: StoredFile, place: readonly string[]): Promise<Hdf5> {
  const h5wasm = await import('h5wasm');
  const { FS, activate_throwing_error_handler } = await h5wasm.ready;
  activate_throwing_error_handler();
  const path = `${randomUUID()}.h5`;
  FS.writeFile(path, await file.read(0, file.bytes));
  const refuse = (error: unknown) => refusal(place, `the HDF5 file can’t be read: ${firstReason(error)}`);
  const guarded = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw refuse(error);
    }
  };
  try {
    const hdf5 = new h5wasm.File(path, 'r');
    return reader(hdf5, place, guarded, file.bytes * MOST_INFLATION, () => {
      hdf5.close();
      FS.unlink(path);
    });
  } catch (error) {
    FS.unlink(path);
    throw refuse(error);
  }
}

function reader(
  hdf5: File,
  place: readonly string[],
  guarded: <T>(work: () => T) => T,
  mostBytes: number,
  close: () => void,
): Hdf5 {
  const attribute = (path: string, name: string): Attribute | undefined =>
    guarded(() => {
      const entity = path === '' ? hdf5 : hdf5.get(path);
      return entity && 'attrs' in entity ? entity.attrs[name] : undefined;
    });
  // An empty list comes as one of numbers.
  const textsOf = (found: Attribute | undefined) =>
    found && guarded(() => [found.value].flat().filter((value) => typeof value === 'string'));
  return {
    texts(path, name) {
      const whole = textsOf(attribute(path, name));
      if (whole) return whole;
      const pieces: string[] = [];
      for (let i = 0; ; i++) {
        const piece = textsOf(attribute(path, `${name}${i}`));
        if (!piece) return i === 0 ? undefined : pieces;
        pieces.push(...piece);
      }
    },
    weight(path) {
      const found = guarded(() => hdf5.get(path));
      if (!found || !('filters' in found)) return undefined;
      const weight = storedWeight(found, place, guarded);
      if (size(weight.shape) * Float32Array.BYTES_PER_ELEMENT <= mostBytes) return weight;
      throw refusal(place, `${found.path} unpacks to more than ${MOST_INFLATION} times the file`);
    },
    has: (path) => guarded(() => hdf5.get(path)) !== null,
    close,
  };
}

function storedWeight(
  dataset: Dataset,
  place: readonly string[],
  guarded: <T>(work: () => T) => T,
): StoredWeight {
  const { type, size: bytes, shape } = guarded(() => dataset.metadata);
  const isBrain = guarded(() => dataset.attrs.dtype?.value === 'bfloat16');
  if (type !== FLOAT_CLASS || (bytes !== 4 && bytes !== 8) || isBrain)
    throw refusal(place, `${dataset.path} must be of float32 or float64`);
  return {
    shape: shape ?? [],
    async read() {
      const values = guarded(() => dataset.value);
      const numbers = typeof values === 'number' ? [values] : (values as Float32Array | Float64Array | null);
      if (numbers?.length !== size(shape ?? []))
        throw refusal(place, `${dataset.path} doesn’t have all of its numbers`);
      return new Float32Array(numbers);
    },
  };
}

/** Of HDF5's many lines the one that says most. */
function firstReason(error: unknown): string {
  const reasons = [...String((error as Error).message ?? error).matchAll(/line \d+ in \w+\(\): (.+)/g)];
  return reasons.at(-1)?.[1] ?? 'it is damaged';
}
