import { z } from 'zod';
import { Timestamp } from '../common.ts';
import { Column, DatasetFormat } from '../dataset.ts';

export const DatasetResource = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    format: DatasetFormat,
    bytes: z.int(),
    sha256: z.string(),
    rows: z.int(),
    columns: z.array(Column),
    createdAt: Timestamp,
    urls: z.strictObject({ self: z.string(), preview: z.string() }),
  })
  .meta({ id: 'Dataset' });
export type DatasetResource = z.infer<typeof DatasetResource>;
