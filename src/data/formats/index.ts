import type { DatasetFormat } from '../../spec/dataset.ts';
import type { Format } from './format.ts';
import { idx } from './idx.ts';
import { npz } from './npz.ts';
import { rowFormat } from './rows.ts';
import { zip } from './zip.ts';

export type { Format } from './format.ts';

/** Every format in which a data set may come. */
export const FORMATS = {
  csv: rowFormat('csv'),
  jsonl: rowFormat('jsonl'),
  idx,
  npz,
  zip,
} as const satisfies Readonly<Record<DatasetFormat, Format>>;
