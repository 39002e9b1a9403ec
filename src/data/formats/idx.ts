import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import type { Column, DatasetSchema, DeclaredType } from '../../spec/dataset.ts';
import { size } from '../../spec/shapes.ts';
import { ColumnSummary } from '../column-summary.ts';
import { DataError } from '../data-error.ts';
import { checkDeclared } from '../infer-schema.ts';
import { cellLoader } from '../load-rows.ts';
import { type IdxFile, readIdx } from '../readers/idx/index.ts';
import type { SplitName } from '../split.ts';
import type { ClassColumn, Table, TableColumn, TensorColumn } from '../table.ts';
import { TensorSummary } from '../tensor-summary.ts';
import { CountingBudget } from '../value-counts.ts';
import type { WantedColumn } from '../wanted-columns.ts';
import type { Format, InferenceOptions } from './format.ts';

/** The columns that every such data set has. */
const IMAGE = 'image';
const LABEL = 'label';
/** A data set of two or three pairs has this one too: it brings its own division along. */
const PART = 'part';
const PARTS: Readonly<Record<number, readonly SplitName[]>> = {
  2: ['train', 'test'],
  3: ['train', 'validation', 'test'],
};
/** What was measured when it was uploaded needs no bound any more. */
const NO_BOUND = Number.POSITIVE_INFINITY;
/** A preview has no more numbers than this, whatever number of rows is asked for. */
const PREVIEWED_NUMBERS = 1024 * 1024;

/**
 * IDX, the format of MNIST: a tensor column `image` and a column `label`. Of two or three pairs of files a column
 * `part` says which split each comes as: `train`, `validation` and `test`.
 */
export const idx: Format = { inferSchema, loadTable, preview };

/** Whole labels are categories unless they are declared numbers; others are numbers. */
async function inferSchema(
  source: Readable,
  { columnTypes = {}, maxBytes }: InferenceOptions,
): Promise<DatasetSchema> {
  for (const column of [IMAGE, PART]) {
    if (Object.hasOwn(columnTypes, column))
      throw new DataError('its type is settled, whatever columnTypes says', { column });
  }
  let images: TensorSummary | undefined;
  let labels: ColumnSummary | undefined;
  const counts: number[] = [];
  for await (const file of readIdx(source, maxBytes)) {
    if (file.holds === 'images') {
      images ??= new TensorSummary(IMAGE, withChannels(file.shape));
      for await (const numbers of file.numbers()) images.add(numbers);
      counts.push(file.count);
    } else {
      labels ??= labelSummary(file, columnTypes[LABEL]);
      for await (const { label, row } of labelsOf(file)) labels.add(label, row + 1, true);
    }
  }
  const columns: Column[] = [images!.finish(), labels!.finish(), ...partColumn(counts)];
  checkDeclared(Object.keys(columnTypes), columns);
  return { rows: counts.reduce((sum, count) => sum + count, 0), columns };
}

function partColumn(counts: readonly number[]): Column[] {
  const parts = PARTS[counts.length];
  if (!parts) return [];
  const classes = parts.map((value, i) => ({ value, count: counts[i]! }));
  return [{ name: PART, type: 'category', missing: 0, distinct: parts.length, classes }];
}

function labelSummary({ element }: IdxFile, declared: DeclaredType | undefined): ColumnSummary {
  const type = declared ?? (element.integer ? 'category' : 'number');
  return new ColumnSummary(LABEL, type, new CountingBudget(), 0);
}

/** @throws DataError for a label that isn't finite */
async function* labelsOf({ numbers, firstRow }: IdxFile): AsyncGenerator<{ label: number; row: number }> {
  let row = firstRow;
  for await (const chunk of numbers()) {
    for (const label of chunk) {
      if (!Number.isFinite(label))
        throw new DataError(`${label} isn’t a finite number (row ${row + 1})`, { column: LABEL });
      yield { label, row: row++ };
    }
  }
}

/** A picture without channels has one: convolutions want the axis. */
function withChannels(shape: readonly number[]): readonly number[] {
  return shape.length === 2 ? [...shape, 1] : shape;
}

async function loadTable(
  path: string,
  wanted: readonly WantedColumn[],
  schema: DatasetSchema,
): Promise<Table> {
  const { rows } = schema;
  const labels = wanted.filter(({ name }) => name === LABEL).map((column) => cellLoader(column, rows));
  let images: TensorColumn | undefined;
  const ends: number[] = [];
  for await (const file of readIdx(createReadStream(path), NO_BOUND)) {
    checkDescribed(file, schema);
    if (file.holds === 'images') {
      images ??= newTensors(file, rows);
      await copyNumbers(file, images);
      ends.push(file.firstRow + file.count);
    } else {
      for await (const { label, row } of labelsOf(file)) {
        for (const loader of labels) loader.set(row, label, row + 1);
      }
    }
  }
  if (ends.at(-1)! < rows) throw new DataError(`the file has ${ends.at(-1)} rows and not ${rows}`);
  const columns = new Map<string, TableColumn>([[IMAGE, images!]]);
  for (const loader of labels) columns.set(LABEL, loader.finish());
  if (PARTS[ends.length]) columns.set(PART, partsUpTo(ends));
  return { rows, columns };
}

/** @param ends the row after each part's last */
function partsUpTo(ends: readonly number[]): ClassColumn {
  const codes = Int32Array.from({ length: ends.at(-1)! }, (_, row) => ends.findIndex((end) => row < end));
  return { kind: 'classes', codes, classes: PARTS[ends.length]! };
}

/** @throws DataError for a file that isn't the one that was described */
function checkDescribed({ holds, shape, firstRow, count }: IdxFile, { rows, columns }: DatasetSchema): void {
  if (firstRow + count > rows) throw new DataError(`the file has more than ${rows} rows`);
  const described = columns.find(({ name }) => name === IMAGE)?.shape;
  if (holds === 'images' && String(described) !== String(withChannels(shape)))
    throw new DataError(`its shape is ${shape.join(' × ')} and not ${described?.join(' × ')}`, {
      column: IMAGE,
    });
}

function newTensors({ element, shape }: IdxFile, rows: number): TensorColumn {
  return { kind: 'tensor', values: element.make(rows * size(shape)), shape: withChannels(shape) };
}

async function copyNumbers({ numbers, firstRow, shape }: IdxFile, { values }: TensorColumn): Promise<void> {
  let position = firstRow * size(shape);
  for await (const chunk of numbers()) {
    values.set(chunk, position);
    position += chunk.length;
  }
}

/** As many rows as are asked for, or fewer where they are large; one at least. */
async function preview(source: Readable, limit: number): Promise<Record<string, unknown>[]> {
  const found: { image: unknown; label: unknown }[] = [];
  let wanted = limit;
  for await (const file of readIdx(source, NO_BOUND)) {
    if (file.holds === 'images') {
      wanted = Math.min(limit, Math.max(1, Math.floor(PREVIEWED_NUMBERS / size(file.shape))));
      const images = await firstNumbers(file, wanted - found.length);
      found.push(...nestEach(images, withChannels(file.shape)).map((image) => ({ image, label: null })));
    } else {
      for await (const { label, row } of labelsOf(file)) {
        if (row < wanted) found[row]!.label = label;
      }
      if (found.length >= wanted) break;
    }
  }
  return found;
}

/** The numbers of a file's first rows. */
async function firstNumbers(file: IdxFile, rows: number): Promise<number[]> {
  const width = size(file.shape);
  const found: number[] = [];
  for await (const chunk of file.numbers()) {
    found.push(...chunk.subarray(0, rows * width - found.length));
    if (found.length >= rows * width) break;
  }
  return found;
}

/** One nested list a row: `[2, 2, 1]` makes `[[[0], [1]], [[2], [3]]]` of 0, 1, 2, 3. */
function nestEach(numbers: readonly number[], shape: readonly number[]): unknown[] {
  const [, ...inner] = shape;
  const width = size(shape);
  const rows = Array.from({ length: numbers.length / width }, (_, i) =>
    numbers.slice(i * width, (i + 1) * width),
  );
  return shape.length === 1 ? rows : rows.map((row) => nestEach(row, inner));
}
