import type { DatasetSchema } from '../../spec/dataset.ts';
import type { PictureShape } from '../../spec/picture.ts';
import { size } from '../../spec/shapes.ts';
import { ColumnSummary } from '../column-summary.ts';
import { DataError, quotedPath } from '../data-error.ts';
import { checkDeclared } from '../infer-schema.ts';
import { cellLoader } from '../load-rows.ts';
import {
  decodePicture,
  inspectPicture,
  MAX_PICTURE_BYTES,
  measurePicture,
  PictureError,
} from '../pictures/decode.ts';
import { type PlacedPicture, placePictures } from '../pictures/layout.ts';
import { severalAtOnce } from '../pictures/several.ts';
import { PictureSummary } from '../pictures/summary.ts';
import { Archive, type ArchivedFile } from '../readers/zip/archive.ts';
import { SPLIT_NAMES, type SplitName } from '../split-names.ts';
import type { ClassColumn, Table, TableColumn, TensorColumn } from '../table.ts';
import { CountingBudget } from '../value-counts.ts';
import type { WantedColumn } from '../wanted-columns.ts';
import type { InferenceOptions, StoredFormat } from './format.ts';
import { IMAGE, LABEL, PART, partColumn, refuseSettledTypes } from './pictured-columns.ts';

/** What was measured when it was uploaded needs no bound any more. */
const NO_BOUND = Number.POSITIVE_INFINITY;
/** A preview reads no more than this, whatever number of rows is asked for. */
const PREVIEWED_BYTES = 64 * 1024 * 1024;

/**
 * A ZIP with a folder of PNGs and JPEGs for each class: a tensor column `image` and a column `label`; without such
 * folders there is no `label`. Where pictures, or the folders of classes, lie in `train`, `validation` and `test`, a
 * column `part` says so. Nothing is unpacked to disk.
 */
export const zip: StoredFormat = { reads: 'file', inferSchema, loadTable, preview };

type Placed = PlacedPicture<ArchivedFile>;

/** Decodes every picture once, so that a broken one is found while its user is there to hear of it. */
function inferSchema(path: string, { columnTypes = {}, maxBytes }: InferenceOptions): Promise<DatasetSchema> {
  refuseSettledTypes(columnTypes);
  return withPictures(path, maxBytes, async (archive, placed) => {
    const images = new PictureSummary(IMAGE);
    const labels = new ColumnSummary(LABEL, columnTypes[LABEL] ?? 'category', new CountingBudget(), 0);
    for (const [row, { file, label }] of placed.entries()) {
      images.add(await readPicture(archive, file, inspectPicture));
      if (label !== undefined) labels.add(label, row + 1, true);
    }
    const isLabelled = placed[0]!.label !== undefined;
    const columns = [images.finish(), ...(isLabelled ? [labels.finish()] : []), ...partsOf(placed)];
    checkDeclared(Object.keys(columnTypes), columns);
    return { rows: placed.length, columns };
  });
}

function partsOf(placed: readonly Placed[]) {
  if (placed[0]!.part === undefined) return [];
  const count = (name: SplitName) => placed.filter(({ part }) => part === name).length;
  const counts = SPLIT_NAMES.map((name) => [name, count(name)] as const);
  return [partColumn(new Map(counts.filter(([, rows]) => rows > 0)))];
}

function loadTable(path: string, wanted: readonly WantedColumn[], { rows }: DatasetSchema): Promise<Table> {
  return withPictures(path, NO_BOUND, async (archive, placed) => {
    if (placed.length !== rows) throw new DataError(`the file has ${placed.length} rows and not ${rows}`);
    const columns = new Map<string, TableColumn>();
    for (const column of wanted) columns.set(column.name, await loadColumn(column, archive, placed));
    return { rows, columns };
  });
}

async function loadColumn(
  column: WantedColumn,
  archive: Archive,
  placed: readonly Placed[],
): Promise<TableColumn> {
  if (column.picture) return decodeAll(archive, placed, column.picture);
  if (column.name === PART) return classesOf(placed.map(({ part }) => part!));
  const loader = cellLoader(column, placed.length);
  for (const [row, { label }] of placed.entries()) loader.set(row, label!, row + 1);
  return loader.finish();
}

function classesOf(parts: readonly SplitName[]): ClassColumn {
  const codes = Int32Array.from(parts, (part) => SPLIT_NAMES.indexOf(part));
  return { kind: 'classes', codes, classes: SPLIT_NAMES };
}

async function decodeAll(
  archive: Archive,
  placed: readonly Placed[],
  picture: PictureShape,
): Promise<TensorColumn> {
  const shape = [picture.height, picture.width, picture.channels];
  const values = new Uint8Array(placed.length * size(shape));
  await severalAtOnce(placed.length, async (row) => {
    const decoded = await readPicture(archive, placed[row]!.file, (content) =>
      decodePicture(content, picture),
    );
    values.set(decoded, row * size(shape));
  });
  return { kind: 'tensor', values, shape };
}

/** As many rows as are asked for, or fewer where the pictures are large; one at least. */
function preview(path: string, limit: number): Promise<Record<string, unknown>[]> {
  return withPictures(path, NO_BOUND, async (archive, placed) => {
    const found: Record<string, unknown>[] = [];
    let bytes = 0;
    for (const { file, label, part } of placed.slice(0, limit)) {
      bytes += file.bytes;
      if (bytes > PREVIEWED_BYTES && found.length > 0) break;
      const { height, width } = await readPicture(archive, file, measurePicture);
      found.push({ file: file.name, ...(label && { label }), ...(part && { part }), height, width });
    }
    return found;
  });
}

async function withPictures<Result>(
  path: string,
  maxBytes: number,
  use: (archive: Archive, placed: readonly Placed[]) => Promise<Result>,
): Promise<Result> {
  const archive = await Archive.open(path, maxBytes);
  try {
    return await use(archive, placePictures(archive.files));
  } finally {
    archive.close();
  }
}

/** @throws DataError with the picture's name, for one that can't be taken */
async function readPicture<Result>(
  archive: Archive,
  file: ArchivedFile,
  read: (content: Buffer) => Promise<Result>,
): Promise<Result> {
  const content = await archive.read(file, MAX_PICTURE_BYTES);
  try {
    return await read(content);
  } catch (error) {
    if (error instanceof PictureError) throw new DataError(`${quotedPath(file.name)} ${error.message}`);
    throw error;
  }
}
