import { concat1d, reshape, split, type Tensor, type Tensor1D } from '@tensorflow/tfjs-core';
import { size } from '../../spec/shapes.ts';
import type { Tensors } from '../tensors.ts';
import { type Descend, descend } from '../train/descend.ts';
import type { ExecutorState } from '../train/executor.ts';
import type { StepProgram } from '../train/train-step.ts';

/**
 * Arrays of the state that lie one after another in the memory: by the line's name, theirs in order. What an optimizer
 * does to the elements of one weight it does to those of all, so all weights are moved as one: in one loop, where
 * there would be one for each.
 */
export type Lines = Readonly<Record<string, readonly string[]>>;

export const NO_LINES: Lines = {};

/** The weights that a step moves, and their slots kind by kind; of what comes next too. */
export function linesOf({ next, ...own }: StepProgram, state: ExecutorState): Lines {
  return { ...linesOfTurn('own', own, state), ...(next && linesOfTurn('next', next, state)) };
}

function linesOfTurn(
  turn: string,
  { optimizer, trainable }: Pick<StepProgram, 'optimizer' | 'trainable'>,
  { slots }: ExecutorState,
): Lines {
  if (optimizer.byWeight || trainable.length < 2) return NO_LINES;
  const kinds = kindsOf(slots, trainable);
  const ofSlots = kinds.map((kind) => [`${turn}: ${kind}`, slotsOf(kind, trainable)]);
  return { [`${turn}: weights`]: trainable, ...Object.fromEntries(ofSlots) };
}

/** Moves all weights as one, where their optimizer allows that. */
export const descendInLine: Descend = (optimizer, gradients, { weights, slots }, scalars) => {
  const names = Object.keys(gradients);
  if (optimizer.byWeight || names.length < 2)
    return descend(optimizer, gradients, { weights, slots }, scalars);
  const shapes = names.map((name) => gradients[name]!.shape);
  const kinds = kindsOf(slots, names);
  const lineOf = (tensors: Tensors, names: readonly string[]) => joined(names.map((name) => tensors[name]!));
  const slotLines = kinds.map((kind) => [`${kind}/${ALL}`, lineOf(slots, slotsOf(kind, names))]);
  const moved = descend(
    optimizer,
    { [ALL]: lineOf(gradients, names) },
    { weights: { [ALL]: lineOf(weights, names) }, slots: Object.fromEntries(slotLines) },
    scalars,
  );
  const partsOf = (line: Tensor, names: readonly string[]) => {
    const parts = parted(line, shapes);
    return Object.fromEntries(names.map((name, i) => [name, parts[i]!]));
  };
  const nextSlots = kinds.map((kind) => partsOf(moved.slots[`${kind}/${ALL}`]!, slotsOf(kind, names)));
  return {
    weights: partsOf(moved.weights[ALL]!, names),
    slots: Object.assign({}, ...nextSlots),
    gradientNorm: moved.gradientNorm,
  };
};

const ALL = 'all';

/** The kinds of slots that these weights have: a slot is named `<kind>/<weight name>`. */
function kindsOf(slots: Readonly<Record<string, unknown>>, [first]: readonly string[]): string[] {
  const end = `/${first}`;
  const kinds = Object.keys(slots).map((name) => name.slice(0, name.indexOf('/')));
  return [...new Set(kinds)].filter((kind) => `${kind}${end}` in slots);
}

function slotsOf(kind: string, weights: readonly string[]): string[] {
  return weights.map((name) => `${kind}/${name}`);
}

/** Tensors one after another. */
export function joined(tensors: readonly Tensor[]): Tensor1D {
  return concat1d(tensors.map((tensor) => reshape(tensor, [tensor.size]) as Tensor1D));
}

/** What `joined` joined. */
export function parted(line: Tensor, shapes: readonly (readonly number[])[]): Tensor[] {
  return split(line, shapes.map(size)).map((part, i) => reshape(part, [...shapes[i]!]));
}
