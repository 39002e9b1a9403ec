import type { Readable } from 'node:stream';
import type { DatasetSchema, DeclaredType } from '../../spec/dataset.ts';
import type { Table } from '../table.ts';
import type { WantedColumn } from '../wanted-columns.ts';

/** What can be done with the files of one format. Each throws DataError for a file that can't be used. */
export interface Format {
  /** Finds the columns and what they hold, in one pass and in bounded memory. */
  inferSchema(source: Readable, options: InferenceOptions): Promise<DatasetSchema>;
  /** Reads the wanted columns of a local file that has this schema. */
  loadTable(path: string, wanted: readonly WantedColumn[], schema: DatasetSchema): Promise<Table>;
  /** The first rows, as the file has them. */
  preview(source: Readable, limit: number): Promise<Record<string, unknown>[]>;
}

export interface InferenceOptions {
  /** Types that go before what the values look like. */
  readonly columnTypes?: Readonly<Record<string, DeclaredType>> | undefined;
  /** What a compressed data set may have once it is unzipped. */
  readonly maxBytes: number;
}
