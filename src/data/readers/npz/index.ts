import { size } from '../../../spec/shapes.ts';
import { DataError } from '../../data-error.ts';
import { type ArrayFile, MAX_IMAGE_NUMBERS } from '../arrays.ts';
import { Archive } from '../zip/archive.ts';
import { ArrayReader } from './array-reader.ts';
import type { NpyHeader } from './header.ts';
import { type NamedArray, pairArrays } from './names.ts';

/**
 * Reads the arrays of an NPZ file, NumPy's ZIP of arrays: tensors, their labels if they have any, and so on part by
 * part. Memory stays bounded, and what an archive holds besides arrays of plain numbers is refused.
 * @param maxBytes what all arrays may have together once they are unzipped
 * @throws DataError for a file that is damaged, whose arrays don't fit together, or that is too large
 */
export async function* readNpz(path: string, maxBytes: number): AsyncGenerator<ArrayFile> {
  const archive = await Archive.open(path, maxBytes);
  try {
    let first: ArrayFile | undefined;
    let row = 0;
    for (const { part, images, labels } of pairArrays(archive.files)) {
      const place = { firstRow: row, ...(part && { part }) };
      for await (const file of openArray(archive, images)) {
        checkImages(file, first, images.name);
        first ??= { ...file, ...place, holds: 'images' };
        row += file.count;
        yield { ...file, ...place, holds: 'images' };
      }
      if (!labels) continue;
      for await (const file of openArray(archive, labels)) {
        yield {
          ...file,
          ...place,
          holds: 'labels',
          shape: labelShape(file, row - place.firstRow, labels.name),
        };
      }
    }
  } finally {
    archive.close();
  }
}

type OpenArray = Pick<ArrayFile, 'element' | 'count' | 'shape' | 'numbers'>;

/** The one array, which is let go of when whoever takes it goes on. */
async function* openArray(archive: Archive, { file, name }: NamedArray): AsyncGenerator<OpenArray> {
  const reader = new ArrayReader(archive, file, name);
  try {
    const header = await reader.readHeader();
    yield { ...dimensionsOf(header), element: header.element, numbers: () => reader.numbers(header) };
  } finally {
    await reader.close();
  }
}

function dimensionsOf({ dimensions }: NpyHeader): Pick<OpenArray, 'count' | 'shape'> {
  const [count, ...shape] = dimensions as [number, ...number[]];
  return { count, shape };
}

function checkImages({ shape, element }: OpenArray, first: OpenArray | undefined, name: string): void {
  if (shape.length === 0)
    throw new DataError(`${name} has a single number a row; two dimensions or more are needed`);
  if (size(shape) > MAX_IMAGE_NUMBERS)
    throw new DataError(
      `${name} has ${shape.join(' × ')} numbers a row, and ${MAX_IMAGE_NUMBERS} are the most`,
    );
  if (!first || (first.shape.join() === shape.join() && first.element === element)) return;
  const [before, now] = [first, { shape, element }].map((it) => `${it.shape.join(' × ')} ${it.element.name}`);
  throw new DataError(`${name} has rows of ${now}, and the part before has ${before}`);
}

/** Many data sets have their labels as a column, n × 1. */
function labelShape({ shape, count }: OpenArray, rows: number, name: string): readonly number[] {
  if (size(shape) !== 1)
    throw new DataError(`${name} must have one number a row, and has ${shape.join(' × ')} of them`);
  if (count !== rows) throw new DataError(`there are ${rows} rows, and ${name} has labels for ${count}`);
  return [];
}
