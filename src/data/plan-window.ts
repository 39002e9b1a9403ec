import type { DataSpec, WindowSpec } from '../spec/data.ts';
import type { Column, DatasetSchema } from '../spec/dataset.ts';
import type { LayerSpec } from '../spec/layer.ts';
import type { PlannedInput } from './plan-inputs.ts';
import { type Problems, pointerTo } from './problems.ts';
import { fewestWindows, splitSizes } from './split.ts';
import { SPLIT_NAMES, type SplitName } from './split-names.ts';

/** How many rows a window takes, its target's row and what lies between included. */
export function rowsTaken({ length, horizon }: WindowSpec): number {
  return length + horizon;
}

/** Checks what a series can't do, and whether each split has rows for a window. */
export function checkWindow(
  data: DataSpec,
  schema: DatasetSchema,
  inputs: readonly PlannedInput[],
  first: LayerSpec | undefined,
  problems: Problems,
): void {
  const { window } = data;
  if (!window) return;
  for (const setting of ['classes', 'limitPerClass'] as const) {
    if (data[setting] !== undefined)
      problems.add(
        pointerTo('data', setting),
        'a series keeps all of its rows, so no class can be left out of it',
      );
  }
  const tensor = inputs.find(({ column }) => column.type === 'tensor');
  if (tensor)
    problems.add(
      '/data/window',
      `a window is of rows with single values, and “${tensor.column.name}” is a tensor`,
    );
  if (first?.type === 'embedding' && inputs.length > 1)
    problems.add(
      '/data/inputs',
      `an embedding takes one id a row, and here are ${inputs.length} columns; name one`,
    );
  for (const [name, rows] of Object.entries(splitRowCounts(data, schema)) as [SplitName, number][])
    checkSplit(name, rows, window, problems);
}

function checkSplit(name: SplitName, rows: number, window: WindowSpec, problems: Problems): void {
  const { length, horizon } = window;
  const needed = rowsTaken(window) + fewestWindows(name) - 1;
  if (rows >= needed) return;
  const windows = name === 'train' ? 'two windows' : 'a window';
  problems.add(
    '/data/window/length',
    `${windows} of ${length} rows, with the target ${horizon} ${horizon === 1 ? 'row' : 'rows'} later, ${name === 'train' ? 'take' : 'takes'} ${needed} rows, and the ${name} split has ${rows}`,
  );
}

/** How many rows each split has that is asked for, as far as the schema tells. */
function splitRowCounts(
  data: DataSpec,
  { rows, columns }: DatasetSchema,
): Partial<Record<SplitName, number>> {
  if ('column' in data.split) {
    const { column: name } = data.split;
    return countsIn(columns.find((column) => column.name === name));
  }
  const { split } = data;
  const sizes = splitSizes(rows, split);
  return Object.fromEntries(
    SPLIT_NAMES.filter((name) => name === 'train' || split[name] > 0).map((name) => [name, sizes[name]]),
  );
}

function countsIn(column: Column | undefined): Partial<Record<SplitName, number>> {
  return Object.fromEntries(
    SPLIT_NAMES.flatMap((name) => {
      const found = column?.classes?.find(({ value }) => value === name);
      return found ? [[name, found.count]] : [];
    }),
  );
}
