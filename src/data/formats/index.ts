import type { DatasetFormat } from '../../spec/dataset.ts';
import type { Format } from './format.ts';
import { idx } from './idx.ts';
import { rowFormat } from './rows.ts';

export type { Format } from './format.ts';

/** Every format in which a data set may come. */
export const FORMATS: Readonly<Record<DatasetFormat, Format>> = {
  csv: rowFormat('csv'),
  jsonl: rowFormat('jsonl'),
  idx,
};
