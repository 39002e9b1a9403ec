import type { DataSpec } from '../spec/data.ts';
import type { Column } from '../spec/dataset.ts';
import type { ParentInput, ParentModel } from '../spec/parent.ts';
import { type InputEncoding, isOfBytes } from '../spec/preprocess.ts';
import type { PlannedInput } from './plan-inputs.ts';
import type { DataWarning } from './plan-warnings.ts';
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
  const found = inputs.map(({ column: { name, type } }) => ({ name, type }) as ParentInput);
  if (inherits && !areSame(found, wanted)) {
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

/** A tensor is the only input, whatever it is called. */
function areSame(found: readonly ParentInput[], wanted: readonly ParentInput[]): boolean {
  return (
    found.length === wanted.length &&
    found.every(
      ({ name, type }, i) => type === wanted[i]!.type && (type === 'tensor' || name === wanted[i]!.name),
    )
  );
}

/** Warns of inputs that the parent's statistics would make other numbers of than its layers have seen. */
export function parentWarnings(
  { inputs: wanted, field = 'model' }: ParentModel,
  data: DataSpec,
  inputs: readonly PlannedInput[],
): DataWarning[] {
  if (data.standardize !== undefined) return [];
  const unlike = inputs.filter(({ column }, i) => isUnlike(column, wanted[i]!.encoding));
  return unlike.map(({ column: { name, min, max } }) => ({
    code: 'unlikeParent',
    pointer: pointerTo('model', 'from', field),
    message: `“${name}” goes from ${min} to ${max}, far from the numbers that the model knows; say data.standardize to have it prepared anew`,
  }));
}

/** So many standard deviations from the mean there are other units, not outliers. */
const FAR = 100;
/** Bytes that were divided already. */
const MOST_DIVIDED = 1;

function isUnlike({ min, max }: Column, encoding: InputEncoding | undefined): boolean {
  if (encoding?.type !== 'tensor' && encoding?.type !== 'number') return false;
  if (encoding.type === 'tensor' && isOfBytes(encoding) && Number(max) <= MOST_DIVIDED) return true;
  const { scale, mean, std } = { scale: 1, ...encoding };
  const [means, stds] = [[mean].flat(), [std].flat()];
  // Numbers that are taken as they are may have any unit.
  if (scale === 1 && means.every((each) => each === 0) && stds.every((each) => each === 1)) return false;
  const distance = (value: number) =>
    Math.max(...means.map((each, i) => Math.abs(value * scale - each) / stds[i]!));
  return [min, max].some((value) => distance(Number(value)) > FAR);
}

/** So many columns a message names. */
const NAMED = 8;

function named(columns: readonly ParentInput[]): string {
  const some = columns.slice(0, NAMED).map(({ name, type }) => `“${name}” (${type})`);
  return columns.length > NAMED ? `${some.join(', ')} and ${columns.length - NAMED} more` : some.join(', ');
}
