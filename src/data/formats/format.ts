import type { Readable } from 'node:stream';
import type { DatasetSchema, DeclaredType } from '../../spec/dataset.ts';
import type { Table } from '../table.ts';
import type { WantedColumn } from '../wanted-columns.ts';

/** What can be done with the files of one format. Each throws DataError for a file that can't be used. */
export type Format = StreamedFormat | StoredFormat;

/** A format that is read from its beginning to its end, so also while it is still coming in. */
export interface StreamedFormat extends AnyFormat<Readable> {
  readonly reads: 'stream';
}

/** A format that is read here and there, by the path of its file. */
export interface StoredFormat extends AnyFormat<string> {
  readonly reads: 'file';
}

interface AnyFormat<Source> {
  /** Finds the columns and what they hold, in one pass and in bounded memory. */
  inferSchema(source: Source, options: InferenceOptions): Promise<DatasetSchema>;
  /** Reads the wanted columns of a local file that has this schema. */
  loadTable(path: string, wanted: readonly WantedColumn[], schema: DatasetSchema): Promise<Table>;
  /** The first rows, as the file has them. */
  preview(source: Source, limit: number): Promise<Record<string, unknown>[]>;
}

export interface InferenceOptions {
  /** Types that go before what the values look like. */
  readonly columnTypes?: Readonly<Record<string, DeclaredType>> | undefined;
  /** What a compressed data set may have once it is unzipped. */
  readonly maxBytes: number;
}
