import type { MapOp, Operation, Program, Reduce } from '../ir/program.ts';
import { viewsOf } from '../ir/rewrite.ts';
import { cutAlong, type Factor, merged, type ValueId, type View } from '../ir/view.ts';
import type { Argument, Nest, Step } from '../loops/nest.ts';
import { cutsAlong, cutsOf, type Elementwise, mergedExtents, sizesBetween } from './domain.ts';
import type { Placement } from './place.ts';

/** A nest of loops, and where each of its pointers starts: so many elements into a buffer. */
export interface BoundNest {
  readonly nest: Nest;
  readonly pointers: readonly { readonly value: ValueId; readonly offset: number }[];
}

/** Which values of a nest have to be written, since others than itself take them. */
export type IsWritten = (value: ValueId) => boolean;

/** Where a nest's index space is to be cut, given where everything lies. */
export function cutsOfNest(
  { operations }: Program,
  members: readonly ValueId[],
  placement: Placement,
  isWritten: IsWritten,
): Set<number> {
  const cuts = new Set<number>();
  const add = (more: Iterable<number>) => {
    for (const cut of more) cuts.add(cut);
  };
  for (const id of members) {
    const operation = operations[id] as Elementwise;
    add(cutsOf(operation));
    for (const view of viewsOf(operation)) add(cutsAlong(placement.seen(view).factors));
    if (operation.kind === 'map' && isWritten(id)) add(cutsAlong(placement.place(id).factors));
  }
  return cuts;
}

/** The loops that some operations are gathered to. */
export function nestOf(
  program: Program,
  members: readonly ValueId[],
  placement: Placement,
  isWritten: IsWritten,
): BoundNest {
  return new Builder(program, members, placement, isWritten).build(isWritten);
}

/** A nest that moves what a view sees to another place. */
export function moveNest(from: View, to: View): BoundNest {
  const cuts = new Set([...cutsAlong(from.factors), ...cutsAlong(to.factors)]);
  const sizes = sizesBetween(cuts)!;
  const nest: Nest = {
    dimensions: sizes.map((size) => ({ size, reduced: false })),
    pointers: [stridesOn(from.factors, sizes), stridesOn(to.factors, sizes)],
    steps: [],
    stores: [{ value: { pointer: 0 }, pointer: 1 }],
    reductions: [],
  };
  return { nest: simplified(nest), pointers: [from, to].map(({ value, offset }) => ({ value, offset })) };
}

class Builder {
  readonly #operations: readonly Operation[];
  readonly #members: readonly ValueId[];
  readonly #placement: Placement;
  readonly #sizes: readonly number[];
  readonly #pointers = new Map<
    string,
    { value: ValueId; offset: number; strides: readonly number[]; at: number }
  >();
  readonly #steps: Step[] = [];
  readonly #made = new Map<ValueId, Argument>();

  constructor(program: Program, members: readonly ValueId[], placement: Placement, isWritten: IsWritten) {
    this.#operations = program.operations;
    this.#members = members;
    this.#placement = placement;
    this.#sizes = sizesBetween(cutsOfNest(program, members, placement, isWritten))!;
  }

  build(isWritten: IsWritten): BoundNest {
    const maps = this.#members.filter((id) => this.#operations[id]!.kind === 'map');
    for (const id of maps) this.#made.set(id, this.#step(this.#operations[id] as MapOp));
    const stores = maps.filter(isWritten).map((id) => {
      const { value, offset, factors } = this.#placement.place(id);
      return {
        value: this.#made.get(id)!,
        pointer: this.#pointer(value, offset, stridesOn(factors, this.#sizes)),
      };
    });
    const reduced = this.#reduced();
    const reductions = this.#members
      .filter((id) => this.#operations[id]!.kind === 'reduce')
      .map((id) => {
        const { fn, operand } = this.#operations[id] as Reduce;
        const { value, offset } = this.#placement.place(id);
        const pointer = this.#pointer(value, offset, keptStrides(this.#sizes, reduced));
        return { fn, value: this.#argument(operand), pointer };
      });
    const pointers = [...this.#pointers.values()];
    const nest: Nest = {
      dimensions: this.#sizes.map((size, i) => ({ size, reduced: reduced[i]! })),
      pointers: pointers.map(({ strides }) => strides),
      steps: this.#steps,
      stores,
      reductions,
    };
    return { nest: simplified(nest), pointers: pointers.map(({ value, offset }) => ({ value, offset })) };
  }

  #step({ fn, operands, index }: MapOp): Argument {
    const args = operands.map((operand) => (typeof operand === 'number' ? operand : this.#argument(operand)));
    if (fn === 'copy') return args[0]!;
    this.#steps.push({ fn, args, ...(index && { index: stridesOn(index, this.#sizes) }) });
    return { step: this.#steps.length - 1 };
  }

  #argument(view: View): Argument {
    const made = this.#made.get(view.value);
    if (made !== undefined) return made;
    const { value, offset, factors } = this.#placement.seen(view);
    return { pointer: this.#pointer(value, offset, stridesOn(factors, this.#sizes)) };
  }

  #pointer(value: ValueId, offset: number, strides: readonly number[]): number {
    const key = `${value}+${offset}:${strides}`;
    const known = this.#pointers.get(key);
    if (known) return known.at;
    this.#pointers.set(key, { value, offset, strides, at: this.#pointers.size });
    return this.#pointers.size - 1;
  }

  #reduced(): boolean[] {
    const reduce = this.#members.map((id) => this.#operations[id]!).find(({ kind }) => kind === 'reduce');
    if (!reduce) return this.#sizes.map(() => false);
    const extents = mergedExtents((reduce as Reduce).extents);
    let { size: left, reduced } = { size: 1, reduced: false };
    return this.#sizes
      .toReversed()
      .map((size) => {
        if (left === 1) ({ size: left, reduced } = extents.pop()!);
        left /= size;
        return reduced;
      })
      .reverse();
  }
}

/** How far it is from one position to the next along each of the sizes. */
function stridesOn(factors: readonly Factor[], sizes: readonly number[]): number[] {
  return cutAlong(factors, sizes)!.map((axis) => merged(axis)[0]?.[1] ?? 0);
}

function keptStrides(sizes: readonly number[], reduced: readonly boolean[]): number[] {
  let stride = 1;
  return sizes
    .map((size, i) => ({ size, reduced: reduced[i]! }))
    .reverse()
    .map(({ size, reduced }) => {
      if (reduced) return 0;
      const own = stride;
      stride *= size;
      return own;
    })
    .reverse();
}

/** With as few dimensions as there can be, but long sums cut. */
function simplified(nest: Nest): Nest {
  return cutLongSums(joinDimensions(nest));
}

function joinDimensions(nest: Nest): Nest {
  for (let at = 0; at + 1 < nest.dimensions.length; at++) {
    const [outer, inner] = [nest.dimensions[at]!, nest.dimensions[at + 1]!];
    const goOn = (strides: readonly number[]) => strides[at] === inner.size * strides[at + 1]!;
    const moving = [...nest.pointers, ...nest.steps.flatMap(({ index }) => (index ? [index] : []))];
    if (outer.reduced !== inner.reduced || !moving.every(goOn)) continue;
    const joined = { size: outer.size * inner.size, reduced: outer.reduced };
    return joinDimensions(
      changed(nest, nest.dimensions.toSpliced(at, 2, joined), (strides) => strides.toSpliced(at, 1)),
    );
  }
  return nest;
}

/** Sums of more numbers than this are made of sums of parts, which lose less. */
const LONG_SUM = 1024;
/** Columns are added up in parts of so many numbers: those of all operands, read column by column, stay in the nearest cache. */
const NEAR = 256;
/** Shorter parts would not be worth their beginning and end. */
const SHORTEST_PART = 4;

function cutLongSums(nest: Nest): Nest {
  const { dimensions } = nest;
  const at = dimensions.findLastIndex(({ reduced }) => reduced);
  const long = dimensions[at];
  if (!long) return nest;
  const isRow = at === dimensions.length - 1;
  const longest = isRow ? LONG_SUM : longestPart(dimensions, long.size);
  const size = long.size > longest ? partOf(long.size, longest) : null;
  if (size === null) return nest;
  const cut = dimensions.toSpliced(at, 1, { ...long, size: long.size / size }, { ...long, size });
  return changed(nest, cut, (strides) => strides.toSpliced(at, 0, strides[at]! * size));
}

function longestPart(dimensions: Nest['dimensions'], long: number): number {
  const near = Math.max(SHORTEST_PART, Math.floor(NEAR / dimensions.at(-1)!.size));
  // What isn't divided is added up part by part, so parts may not be many.
  return dimensions[0]!.reduced ? near : Math.max(near, Math.ceil(Math.sqrt(long)));
}

/** A divisor of `size` that is no greater than `longest`, and not much less. */
function partOf(size: number, longest: number): number | null {
  for (let part = longest; part >= longest / 4 && part > 1; part--) if (size % part === 0) return part;
  return null;
}

function changed(
  nest: Nest,
  dimensions: Nest['dimensions'],
  change: (strides: readonly number[]) => readonly number[],
): Nest {
  return {
    ...nest,
    dimensions,
    pointers: nest.pointers.map(change),
    steps: nest.steps.map((step) => (step.index ? { ...step, index: change(step.index) } : step)),
  };
}
