import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { FORMATS } from '../../../src/data/formats/index.ts';
import { type PreparedData, prepareData } from '../../../src/data/prepare-data.ts';
import type { DatasetFormat, DatasetSchema, DeclaredType } from '../../../src/spec/dataset.ts';
import { JobSpec, type JobSpecInput } from '../../../src/spec/job.ts';

export type ColumnTypes = Record<string, DeclaredType>;

export async function schemaOf(
  content: string | Buffer,
  format: DatasetFormat = 'csv',
  columnTypes: ColumnTypes = {},
  maxBytes = 1e9,
): Promise<DatasetSchema> {
  const reader = FORMATS[format];
  const options = { columnTypes, maxBytes };
  return reader.reads === 'stream'
    ? reader.inferSchema(Readable.from([content]), options)
    : withFile(content, (path) => reader.inferSchema(path, options));
}

/** Lends the content out as a file. */
export async function withFile<Result>(
  content: string | Buffer,
  use: (path: string) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'trainyard-data-'));
  try {
    const path = join(folder, 'data');
    await writeFile(path, content);
    return await use(path);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A job spec with all defaults but these. */
export function jobSpec(
  data: Omit<JobSpecInput['data'], 'dataset'>,
  layers: JobSpecInput['model']['layers'] = [],
  seed = 7,
  objective?: NonNullable<JobSpecInput['stages'][number]['objective']>,
): JobSpec {
  const dataset = `ds_${'0'.repeat(26)}`;
  return JobSpec.parse({
    seed,
    data: { dataset, ...data },
    model: { layers },
    stages: [{ epochs: 1, objective }],
  });
}

/** Writes the file, infers its schema and prepares it, as an upload and a trainer do. */
export async function prepared(
  content: string | Buffer,
  spec: JobSpec,
  options: { format?: DatasetFormat; columnTypes?: ColumnTypes } = {},
): Promise<PreparedData> {
  const { format = 'csv', columnTypes } = options;
  const schema = await schemaOf(content, format, columnTypes);
  return withFile(content, (path) => prepareData(path, format, schema, spec));
}

/** A CSV of these rows under this header. */
export function csv(header: string, rows: readonly (readonly unknown[])[]): string {
  return `${[header, ...rows.map((row) => row.join(','))].join('\n')}\n`;
}
