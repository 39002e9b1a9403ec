import type { DatasetRow } from '../../../src/jobs/rows.ts';
import type { DatasetResource } from '../../../src/spec/resource/dataset.ts';

export function datasetResource(row: DatasetRow): DatasetResource {
  const self = `/v1/datasets/${row.id}`;
  return {
    id: row.id,
    name: row.name,
    format: row.format,
    bytes: row.bytes,
    sha256: row.blobKey,
    rows: row.schema.rows,
    columns: row.schema.columns,
    createdAt: row.createdAt.toISOString(),
    urls: { self, preview: `${self}/preview` },
  };
}
