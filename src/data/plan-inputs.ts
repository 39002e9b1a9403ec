import type { DataSpec } from '../spec/data.ts';
import type { Column } from '../spec/dataset.ts';
import type { LayerSpec } from '../spec/layer.ts';
import type { PictureShape } from '../spec/picture.ts';
import type { Columns } from './columns.ts';
import type { Problems } from './problems.ts';
import { namedTargets, type SettledData } from './target-column.ts';
import { MAX_DISTINCT } from './value-counts.ts';

/** An input that can be encoded, and where the spec names it. */
export interface PlannedInput {
  readonly column: Column;
  readonly pointer: string;
  /** To what pictures that come as files are brought. */
  readonly picture?: PictureShape;
}

/** The columns that the network sees, in order. Adds a problem for each that it can't see. */
export function planInputs(data: SettledData, columns: Columns, problems: Problems): PlannedInput[] {
  const reserved = reservedColumns(data);
  const inputs = data.inputs
    ? namedInputs(data.inputs, reserved, columns, problems)
    : defaultInputs(reserved, columns);
  if (inputs.length === 0 && problems.found.length === 0)
    problems.add('/data/inputs', 'there is no column beside the target to learn from');
  for (const input of inputs) checkInput(input, problems);
  checkTensor(inputs, problems);
  return inputs;
}

/** Every column that has no other role; or the pictures alone, where there are some. */
function defaultInputs(reserved: ReadonlyMap<string, string>, columns: Columns): PlannedInput[] {
  const free = columns.all.filter(({ name }) => !reserved.has(name));
  const tensor = free.find(({ type }) => type === 'tensor');
  return (tensor ? [tensor] : free).map((column) => ({ column, pointer: '/data/inputs' }));
}

function checkTensor(inputs: readonly PlannedInput[], problems: Problems): void {
  const tensor = inputs.find(({ column }) => column.type === 'tensor');
  if (!tensor || inputs.length === 1) return;
  const { shape } = tensor.column;
  problems.add(
    tensor.pointer,
    `“${tensor.column.name}” is a tensor${shape ? ` of shape ${shape.join(' × ')}` : ''}, so it must be the only input`,
  );
}

/** Column name → what the column already is. A series has its target's past for an input. */
function reservedColumns(data: SettledData): Map<string, string> {
  const roles = new Map<string, string>();
  if ('column' in data.split) roles.set(data.split.column, 'the split');
  if (data.sampleWeight !== undefined) roles.set(data.sampleWeight, 'the sample weight');
  if (!data.window) for (const name of namedTargets(data)) roles.set(name, 'the target');
  return roles;
}

function namedInputs(
  names: readonly string[],
  reserved: ReadonlyMap<string, string>,
  columns: Columns,
  problems: Problems,
): PlannedInput[] {
  const inputs = new Map<string, PlannedInput>();
  for (const [i, name] of names.entries()) {
    const pointer = `/data/inputs/${i}`;
    const column = columns.find(name, pointer);
    if (reserved.has(name))
      problems.add(pointer, `“${name}” is ${reserved.get(name)}, so it can’t be an input`);
    else if (inputs.has(name)) problems.add(pointer, `“${name}” stands twice`);
    else if (column) inputs.set(name, { column, pointer });
  }
  return [...inputs.values()];
}

function checkInput({ column, pointer }: PlannedInput, problems: Problems): void {
  const remedy = 'leave it out of the inputs';
  if (column.type === 'text')
    problems.add(
      pointer,
      `“${column.name}” is text, which can’t be an input; ${remedy}, or upload the data with the column declared a category`,
    );
  else if (column.distinct === 0) problems.add(pointer, `“${column.name}” has no values; ${remedy}`);
  else if (column.type === 'category' && column.classes === undefined)
    problems.add(pointer, `“${column.name}” has more than ${MAX_DISTINCT} categories; ${remedy}`);
}

/** An embedding looks rows up by id, so every input must be a whole number that it has. */
export function checkEmbedding(
  layer: LayerSpec | undefined,
  data: DataSpec,
  inputs: readonly PlannedInput[],
  problems: Problems,
): void {
  if (layer?.type !== 'embedding') return;
  if (data.standardize === true)
    problems.add('/data/standardize', 'an embedding takes ids, and standardized they are none');
  for (const { column, pointer } of inputs) {
    const { name, type, integer, min, max, missing } = column;
    const isNumeric = type === 'number' || type === 'tensor';
    if (!isNumeric) problems.add(pointer, `the embedding takes whole numbers, and “${name}” is a ${type}`);
    else if (!integer || Number(min) < 0 || Number(max) >= layer.inputDim)
      problems.add(
        pointer,
        `the embedding takes whole numbers from 0 to ${layer.inputDim - 1}, and “${name}” has others`,
      );
    else if (missing > 0 && data.missing === 'mean')
      problems.add('/data/missing', `the mean of “${name}” is no id for the embedding; use refuse or drop`);
  }
}
