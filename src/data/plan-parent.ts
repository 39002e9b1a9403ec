import type { DataSpec } from '../spec/data.ts';
import type { ParentInput, ParentModel } from '../spec/parent.ts';
import type { PlannedInput } from './plan-inputs.ts';
import { type Problems, pointerTo } from './problems.ts';

/** Whether inputs are made numbers of as they were for the parent: the layers that it lends know no others. */
export function inheritsInputs(data: DataSpec, parent: ParentModel | undefined): boolean {
  return parent !== undefined && data.standardize === undefined;
}

/** The inputs in the parent's order, where they are its columns; else as they are. */
export function orderAs(parent: ParentModel, inputs: readonly PlannedInput[]): readonly PlannedInput[] {
  const byName = new Map(inputs.map((input) => [input.column.name, input]));
  const ordered = parent.inputs.flatMap(({ name }) => byName.get(name) ?? []);
  return ordered.length === inputs.length ? ordered : inputs;
}

/** Checks that the data have what the parent's layers take. @param shape of an example, by the data alone */
export function checkParent(
  { network, inputs: wanted, field = 'model' }: ParentModel,
  data: DataSpec,
  inputs: readonly PlannedInput[],
  shape: readonly number[],
  problems: Problems,
): void {
  const pointer = pointerTo('model', 'from', field);
  const inherits = data.standardize === undefined;
  const isTensor = inputs.some(({ column }) => column.type === 'tensor');
  const found = inputs.map(({ column: { name, type } }) => ({ name, type }) as ParentInput);
  if (inherits && !isTensor && JSON.stringify(found) !== JSON.stringify(wanted)) {
    const isWide = String(shape) === String(network.inputShape);
    const remedy = isWide ? '; say data.standardize to have them prepared anew' : '';
    problems.add(pointer, `the model takes ${named(wanted)}, and the inputs are ${named(found)}${remedy}`);
    return;
  }
  // A category has the places that the parent gave it.
  const isKnown = inherits && wanted.some(({ type }) => type === 'category');
  const { inputShape } = network;
  const fits =
    shape.length === inputShape.length &&
    shape.every((length, axis) => length === inputShape[axis] || (isKnown && axis === shape.length - 1));
  if (fits) return;
  problems.add(
    pointer,
    `the model takes [${inputShape.join(', ')}], and the data have [${shape.join(', ')}]`,
  );
}

/** So many columns a message names. */
const NAMED = 8;

function named(columns: readonly ParentInput[]): string {
  const some = columns.slice(0, NAMED).map(({ name, type }) => `“${name}” (${type})`);
  return columns.length > NAMED ? `${some.join(', ')} and ${columns.length - NAMED} more` : some.join(', ');
}
