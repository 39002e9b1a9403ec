import type { Column, DatasetSchema, DeclaredType } from '../../spec/dataset.ts';
import { size } from '../../spec/shapes.ts';
import { ColumnSummary } from '../column-summary.ts';
import { DataError } from '../data-error.ts';
import { checkDeclared } from '../infer-schema.ts';
import { cellLoader } from '../load-rows.ts';
import type { ArrayFile } from '../readers/arrays.ts';
import type { SplitName } from '../split-names.ts';
import type { ClassColumn, Table, TableColumn, TensorColumn } from '../table.ts';
import { TensorSummary } from '../tensor-summary.ts';
import { CountingBudget } from '../value-counts.ts';
import type { WantedColumn } from '../wanted-columns.ts';
import type { InferenceOptions, StreamedFormat } from './format.ts';
import { IMAGE, LABEL, PART, partColumn, refuseSettledTypes } from './pictured-columns.ts';

/** What two or three pairs are where they don't say it themselves. */
const PARTS: Readonly<Record<number, readonly SplitName[]>> = {
  2: ['train', 'test'],
  3: ['train', 'validation', 'test'],
};
/** What was measured when it was uploaded needs no bound any more. */
const NO_BOUND = Number.POSITIVE_INFINITY;
/** A preview has no more numbers than this, whatever number of rows is asked for. */
const PREVIEWED_NUMBERS = 1024 * 1024;

/** How the arrays of a format are gone through: tensors, their labels if they have any, more tensors, and so on. */
type Reader<Source> = (source: Source, maxBytes: number) => AsyncIterable<ArrayFile>;
type Operations<Source> = Pick<StreamedFormat, 'loadTable'> & {
  inferSchema(source: Source, options: InferenceOptions): Promise<DatasetSchema>;
  preview(source: Source, limit: number): Promise<Record<string, unknown>[]>;
};

/**
 * What can be done with a format of tensors and their labels: a tensor column `image`, and a column `label` where
 * there are any. Where the data come in parts, a column `part` says which split each is: `train`, `validation` and
 * `test`.
 */
export function pairedArrays<Source>(
  read: Reader<Source>,
  open: (path: string) => Source,
): Operations<Source> {
  return {
    inferSchema: (source, { maxBytes, ...options }) => inferSchema(read(source, maxBytes), options),
    loadTable: (path, wanted, schema) => loadTable(read(open(path), NO_BOUND), wanted, schema),
    preview: (source, limit) => preview(read(source, NO_BOUND), limit),
  };
}

/** Whole labels are categories unless they are declared numbers; others are numbers. */
async function inferSchema(
  files: AsyncIterable<ArrayFile>,
  { columnTypes = {} }: Pick<InferenceOptions, 'columnTypes'>,
): Promise<DatasetSchema> {
  refuseSettledTypes(columnTypes);
  let images: TensorSummary | undefined;
  let labels: ColumnSummary | undefined;
  const tensors: ArrayFile[] = [];
  for await (const file of files) {
    if (file.holds === 'images') {
      images ??= new TensorSummary(IMAGE, withChannels(file.shape));
      for await (const numbers of file.numbers()) images.add(numbers);
      tensors.push(file);
    } else {
      labels ??= labelSummary(file, columnTypes[LABEL]);
      for await (const piece of labelsOf(file))
        for (const { label, row } of piece) labels.add(label, row + 1, true);
    }
  }
  const columns: Column[] = [
    images!.finish(),
    ...(labels ? [labels.finish()] : []),
    ...describeParts(tensors),
  ];
  checkDeclared(Object.keys(columnTypes), columns);
  return { rows: tensors.reduce((sum, { count }) => sum + count, 0), columns };
}

function describeParts(tensors: readonly ArrayFile[]): Column[] {
  const parts = partsOf(tensors);
  return parts ? [partColumn(new Map(parts.map((part, i) => [part, tensors[i]!.count])))] : [];
}

/** Which split each file of tensors comes as; undefined where nothing says it. */
function partsOf(tensors: readonly ArrayFile[]): readonly SplitName[] | undefined {
  const said = tensors.flatMap(({ part }) => part ?? []);
  return said.length > 0 ? said : PARTS[tensors.length];
}

function labelSummary({ element }: ArrayFile, declared: DeclaredType | undefined): ColumnSummary {
  const type = declared ?? (element.integer ? 'category' : 'number');
  return new ColumnSummary(LABEL, type, new CountingBudget(), 0);
}

interface Label {
  readonly label: number;
  readonly row: number;
}

/**
 * A piece of the file at a time: to wait for each label would take longer than to read it.
 * @throws DataError for a label that isn't finite
 */
async function* labelsOf({ numbers, firstRow }: ArrayFile): AsyncGenerator<readonly Label[]> {
  let first = firstRow;
  for await (const chunk of numbers()) {
    const labels = Array.from(chunk, (label, i) => ({ label, row: first + i }));
    const { label, row } = labels.find(({ label }) => !Number.isFinite(label)) ?? {};
    if (row !== undefined)
      throw new DataError(`${label} isn’t a finite number (row ${row + 1})`, { column: LABEL });
    yield labels;
    first += chunk.length;
  }
}

/** A picture without channels has one: convolutions want the axis. */
function withChannels(shape: readonly number[]): readonly number[] {
  return shape.length === 2 ? [...shape, 1] : shape;
}

async function loadTable(
  files: AsyncIterable<ArrayFile>,
  wanted: readonly WantedColumn[],
  schema: DatasetSchema,
): Promise<Table> {
  const { rows } = schema;
  const labels = wanted.filter(({ name }) => name === LABEL).map((column) => cellLoader(column, rows));
  let images: TensorColumn | undefined;
  const tensors: ArrayFile[] = [];
  for await (const file of files) {
    checkDescribed(file, schema);
    if (file.holds === 'images') {
      images ??= newTensors(file, rows);
      await copyNumbers(file, images);
      tensors.push(file);
    } else {
      for await (const piece of labelsOf(file))
        for (const { label, row } of piece) for (const loader of labels) loader.set(row, label, row + 1);
    }
  }
  const ends = tensors.map(({ firstRow, count }) => firstRow + count);
  if (ends.at(-1)! < rows) throw new DataError(`the file has ${ends.at(-1)} rows and not ${rows}`);
  const columns = new Map<string, TableColumn>([[IMAGE, images!]]);
  for (const loader of labels) columns.set(LABEL, loader.finish());
  const parts = partsOf(tensors);
  if (parts) columns.set(PART, partsUpTo(ends, parts));
  return { rows, columns };
}

/** @param ends the row after each part's last */
function partsUpTo(ends: readonly number[], classes: readonly SplitName[]): ClassColumn {
  const codes = Int32Array.from({ length: ends.at(-1)! }, (_, row) => ends.findIndex((end) => row < end));
  return { kind: 'classes', codes, classes };
}

/** @throws DataError for a file that isn't the one that was described */
function checkDescribed(
  { holds, shape, firstRow, count }: ArrayFile,
  { rows, columns }: DatasetSchema,
): void {
  if (firstRow + count > rows) throw new DataError(`the file has more than ${rows} rows`);
  const described = columns.find(({ name }) => name === IMAGE)?.shape;
  if (holds === 'images' && String(described) !== String(withChannels(shape)))
    throw new DataError(`its shape is ${shape.join(' × ')} and not ${described?.join(' × ')}`, {
      column: IMAGE,
    });
}

function newTensors({ element, shape }: ArrayFile, rows: number): TensorColumn {
  return { kind: 'tensor', values: element.make(rows * size(shape)), shape: withChannels(shape) };
}

async function copyNumbers({ numbers, firstRow, shape }: ArrayFile, { values }: TensorColumn): Promise<void> {
  let position = firstRow * size(shape);
  for await (const chunk of numbers()) {
    values.set(chunk, position);
    position += chunk.length;
  }
}

/** As many rows as are asked for, or fewer where they are large; one at least. */
async function preview(files: AsyncIterable<ArrayFile>, limit: number): Promise<Record<string, unknown>[]> {
  const found: { image: unknown; label?: number }[] = [];
  let wanted = limit;
  for await (const file of files) {
    if (file.holds === 'images') {
      wanted = Math.min(limit, Math.max(1, Math.floor(PREVIEWED_NUMBERS / size(file.shape))));
      const images = await firstNumbers(file, wanted - found.length);
      found.push(...nestEach(images, withChannels(file.shape)).map((image) => ({ image })));
    } else {
      for await (const piece of labelsOf(file))
        for (const { label, row } of piece) if (row < wanted) found[row]!.label = label;
      if (found.length >= wanted) break;
    }
  }
  return found;
}

/** The numbers of a file's first rows. */
async function firstNumbers(file: ArrayFile, rows: number): Promise<number[]> {
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
