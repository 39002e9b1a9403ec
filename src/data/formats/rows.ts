import { createReadStream } from 'node:fs';
import { inferSchema } from '../infer-schema.ts';
import { loadRows } from '../load-rows.ts';
import { previewRows } from '../preview.ts';
import { type RowFormat, readRows } from '../readers/index.ts';
import type { StreamedFormat } from './format.ts';

/** A format whose rows are cells: only how they are read differs from one to another. */
export function rowFormat(format: RowFormat): StreamedFormat {
  return {
    reads: 'stream',
    inferSchema: (source, options) => inferSchema(readRows(source, format), options),
    loadTable: (path, wanted, { rows }) => loadRows(readRows(createReadStream(path), format), wanted, rows),
    preview: (source, limit) => previewRows(readRows(source, format), limit),
  };
}
