import type { Readable } from 'node:stream';
import type { DatasetFormat } from '../../spec/dataset.ts';
import { readCsv } from './csv.ts';
import { readJsonl } from './jsonl.ts';
import type { RowBatch } from './row.ts';

export type { RawValue, Row, RowBatch } from './row.ts';

/** The formats whose rows are cells, one a column. */
export type RowFormat = Extract<DatasetFormat, 'csv' | 'jsonl'>;

const READERS: Record<RowFormat, (source: Readable) => AsyncIterable<RowBatch>> = {
  csv: readCsv,
  jsonl: readJsonl,
};

/**
 * Reads a data set as it streams in, batch by batch. Memory stays bounded however large the file is, and the
 * event loop gets its turn every few milliseconds. The source is destroyed when the reading stops early.
 * @throws DataError where the file can't be read; whatever error the source has passes through
 */
export function readRows(source: Readable, format: RowFormat): AsyncIterable<RowBatch> {
  return READERS[format](source);
}
