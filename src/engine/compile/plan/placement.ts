import type { Operation, Program } from '../ir/program.ts';
import { matrixOf, viewOfMatrix, viewsOf } from '../ir/rewrite.ts';
import {
  compose,
  isContiguous,
  isWhole,
  merged,
  strided,
  type ValueId,
  type View,
  whole,
} from '../ir/view.ts';
import { keptValues, makersOf, membersOf, takenBy, type Unit } from '../passes/units.ts';
import { sizesBetween } from './domain.ts';
import { cutsOfNest } from './nest-of.ts';
import type { Placement } from './place.ts';

/** The last unit that takes something of a value, by its buffer; Infinity for results. */
type LastTaken = Map<ValueId, number>;

/**
 * Lets values lie where their numbers are needed next, so that they need not be moved there: the next state in
 * place of the state, parts of an assembly in it, what a nest makes in place of what nobody takes after it.
 */
export function placeValues(program: Program, units: readonly Unit[], firstUpdate: number): Placement {
  const placer = new Placer(program, units);
  placer.placeState(firstUpdate);
  placer.placeParts();
  placer.reuse();
  return placer;
}

class Placer implements Placement {
  readonly #program: Program;
  readonly #operations: readonly Operation[];
  readonly #units: readonly Unit[];
  readonly #places = new Map<ValueId, View>();
  /** By value: the units that take something of it, and the one that makes it. */
  readonly #takers: number[][];
  readonly #makers: ReadonlyMap<ValueId, number>;

  constructor(program: Program, units: readonly Unit[]) {
    this.#program = program;
    this.#operations = program.operations;
    this.#units = units;
    this.#takers = program.operations.map(() => []);
    this.#makers = makersOf(units);
    for (const [at, unit] of units.entries()) {
      for (const value of takenBy(this.#operations, unit)) this.#takers[value]!.push(at);
    }
  }

  place(value: ValueId): View {
    const place = this.#places.get(value);
    return place ? this.seen(place) : whole(value, this.#operations[value]!.size);
  }

  seen(view: View): View {
    const place = this.#places.get(view.value);
    if (!place) return view;
    return this.seen(compose(place, view)!);
  }

  /** Before the update begins, a run may still be called off, and nothing of the state may be changed. */
  placeState(firstUpdate: number): void {
    const inputs = new Map(
      this.#operations.flatMap((operation, id) =>
        operation.kind === 'input' ? [[operation.name, id] as const] : [],
      ),
    );
    for (const [name, { value }] of Object.entries(this.#program.nextState)) {
      const state = inputs.get(name)!;
      const maker = this.#makers.get(value)!;
      const isLast = this.#takers[state]!.every((taker) => taker <= maker);
      if (maker < firstUpdate || !isLast || !this.#takesElementwise(maker, state)) continue;
      this.#places.set(value, whole(state, this.#operations[value]!.size));
    }
  }

  /** Whether a unit takes of a buffer, if anything, the very element that it makes. */
  #takesElementwise(at: number, buffer: ValueId): boolean {
    const unit = this.#units[at]!;
    const views = membersOf(unit)
      .flatMap((id) => viewsOf(this.#operations[id]!))
      .map((view) => this.seen(view))
      .filter(({ value }) => value === buffer);
    return views.every((view) => unit.kind === 'nest' && isWhole(view, this.#operations[buffer]!.size));
  }

  placeParts(): void {
    const results = new Set(Object.values(this.#program.results).map(({ value }) => value));
    for (const [id, operation] of this.#operations.entries()) {
      if (operation.kind !== 'assemble' || operation.fill !== null) continue;
      // Parts may be made while the state is still taken, or before the update begins.
      if (this.#operations[this.place(id).value]!.kind === 'input') continue;
      for (const { from, to } of operation.parts) {
        const { value } = from;
        const isTaken = this.#places.has(value) || results.has(value) || !this.#makers.has(value);
        if (isTaken || !isWhole(from, this.#operations[value]!.size)) continue;
        this.#tryPlacing(value, { value: id, ...to });
      }
    }
  }

  #tryPlacing(value: ValueId, place: View): void {
    this.#places.set(value, place);
    const writes = canWriteTo(this.#operations[value]!, place);
    const units = new Set([this.#makers.get(value)!, ...this.#takers[value]!]);
    if (writes && [...units].every((at) => this.#works(this.#units[at]!, at, value))) return;
    this.#places.delete(value);
  }

  /** Whether a unit can take a value, and all else that it does, from where it lies now. */
  #works(unit: Unit, at: number, value: ValueId): boolean {
    const place = this.#places.get(value)!;
    for (const id of membersOf(unit)) {
      const operation = this.#operations[id]!;
      for (const view of viewsOf(operation)) {
        if (view.value === value && !compose(place, view)) return false;
      }
      if (!canTake(operation, (view) => this.seen(view))) return false;
    }
    if (unit.kind === 'alone') return true;
    const cuts = cutsOfNest(this.#program, unit.members, this, (id) => this.#makers.get(id) === at);
    return sizesBetween(cuts) !== null;
  }

  /** What a nest makes takes the place of what it takes and nobody else after it. */
  reuse(): void {
    const last = this.#lastTaken();
    for (const [at, unit] of this.#units.entries()) {
      if (unit.kind !== 'nest') continue;
      const used = new Set<ValueId>();
      for (const value of unit.members) {
        const isMade = this.#makers.get(value) === at && last.get(value) !== undefined;
        if (this.#places.has(value) || !isMade) continue;
        if (this.#operations[value]!.kind !== 'map') continue;
        const buffer = this.#reusable(unit.members, at, value, last, used);
        if (buffer === undefined) continue;
        used.add(buffer);
        last.set(buffer, last.get(value)!);
        this.#places.set(value, whole(buffer, this.#operations[value]!.size));
      }
    }
  }

  #lastTaken(): LastTaken {
    const last: LastTaken = new Map();
    const note = (value: ValueId, at: number) => {
      const buffer = this.place(value).value;
      last.set(buffer, Math.max(at, last.get(buffer) ?? -1));
    };
    for (const [value, takers] of this.#takers.entries()) {
      for (const at of takers) note(value, at);
    }
    for (const value of keptValues(this.#program)) note(value, Number.POSITIVE_INFINITY);
    return last;
  }

  #reusable(
    members: readonly ValueId[],
    at: number,
    value: ValueId,
    last: LastTaken,
    used: ReadonlySet<ValueId>,
  ): ValueId | undefined {
    const { size } = this.#operations[value]!;
    const views = members.flatMap((id) => viewsOf(this.#operations[id]!)).map((view) => this.seen(view));
    const buffers = new Set(views.map(({ value }) => value));
    return [...buffers].find((buffer) => {
      const operation = this.#operations[buffer]!;
      if (members.includes(buffer) || used.has(buffer) || last.get(buffer) !== at) return false;
      if (operation.size !== size || !isTemporary(operation)) return false;
      return views.every((view) => view.value !== buffer || isWhole(view, size));
    });
  }
}

function isTemporary(operation: Operation): boolean {
  return operation.kind !== 'constant' && (operation.kind !== 'input' || operation.role === 'data');
}

function canWriteTo(operation: Operation, place: View): boolean {
  switch (operation.kind) {
    case 'map':
      return merged(place.factors).at(-1)?.[1] === 1;
    case 'matmul':
      return strided(place, [operation.batch * operation.m, operation.n])?.[1]?.[1] === 1;
    default:
      return isContiguous(place);
  }
}

function canTake(operation: Operation, seen: (view: View) => View): boolean {
  switch (operation.kind) {
    case 'matmul': {
      const { a, b, batch, m, k, n } = operation;
      const takes = (matrix: typeof a, shape: readonly [number, number, number]) =>
        matrixOf(seen(viewOfMatrix(matrix, shape)), shape) !== null;
      return takes(a, [batch, m, k]) && takes(b, [batch, k, n]);
    }
    case 'kernel':
      return operation.operands.every((view) => isContiguous(seen(view)));
    default:
      return true;
  }
}
