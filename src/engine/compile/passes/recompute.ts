import type { MapFunction, MapOp, Operation, Program } from '../ir/program.ts';
import { viewsOf } from '../ir/rewrite.ts';
import { isWhole, type ValueId } from '../ir/view.ts';
import { cutsOf, domainSize, type Elementwise, sizesBetween } from '../plan/domain.ts';
import { keptValues, makersOf, type Schedule, takenBy, type Unit } from './units.ts';

/** What takes less time than to write a number and to read it again. */
const CHEAP: ReadonlySet<MapFunction> = new Set<MapFunction>([
  ...(['copy', 'neg', 'abs', 'sign', 'add', 'sub', 'mul', 'max', 'min', 'select'] as const),
  ...(['gt', 'ge', 'lt', 'le', 'eq', 'ne'] as const),
]);
const MOST_STEPS = 12;
const SWEEPS = 2;
/** A value of so much fewer elements than the loop has costs nothing to read. */
const SMALL = 8;

/**
 * Has nests make again what is cheap to make, instead of reading what an earlier nest wrote: where what it is made
 * of is there anyway, such as the sign of an activation that the next layer keeps.
 */
export function recompute(program: Program, { measure, update }: Schedule): Schedule {
  const pass = new Recomputation(program, [...measure, ...update]);
  // What a nest makes again brings within reach what else can be made of the same.
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const [at, unit] of pass.units.entries()) {
      if (unit.kind !== 'nest') continue;
      for (const value of unit.members) pass.tryFor(value, at);
    }
    pass.dropIdle();
  }
  const { units } = pass;
  const isLeft = (unit: Unit) => unit.kind === 'alone' || unit.members.length > 0;
  return {
    measure: units.slice(0, measure.length).filter(isLeft),
    update: units.slice(measure.length).filter(isLeft),
  };
}

class Recomputation {
  readonly #operations: readonly Operation[];
  readonly #kept: ReadonlySet<ValueId>;
  readonly #takers = new Map<ValueId, Set<number>>();
  readonly units: Unit[];

  constructor(program: Program, units: readonly Unit[]) {
    this.#operations = program.operations;
    this.units = [...units];
    this.#kept = keptValues(program);
    for (const at of units.keys()) this.#note(at);
  }

  #note(at: number): void {
    for (const value of this.#takenBy(at)) {
      const takers = this.#takers.get(value) ?? new Set();
      this.#takers.set(value, takers.add(at));
    }
  }

  #takenBy(at: number): Set<ValueId> {
    return takenBy(this.#operations, this.units[at]!);
  }

  /** Whether a value is written whatever happens to others. */
  #isThere(value: ValueId): boolean {
    return this.#kept.has(value) || (this.#takers.get(value)?.size ?? 0) > 0 || !this.#isMap(value);
  }

  #isMap(value: ValueId): boolean {
    return this.#operations[value]!.kind === 'map';
  }

  tryFor(value: ValueId, at: number): void {
    const takers = [...(this.#takers.get(value) ?? [])];
    if (
      this.#kept.has(value) ||
      !this.#isMap(value) ||
      takers.length === 0 ||
      takers.some((taker) => taker <= at)
    ) {
      return;
    }
    const steps = this.#stepsOf(value);
    if (!steps || !takers.every((taker) => this.#canTake(taker, steps))) return;
    for (const taker of takers) this.#give(taker, steps.members);
  }

  /** What to compute to have the value, from what is there anyway; null where that is too much. */
  #stepsOf(value: ValueId): Steps | null {
    const { size } = this.#operations[value]!;
    const [members, leaves] = [new Set<ValueId>(), new Set<ValueId>()];
    const visit = (id: ValueId): boolean => {
      if (members.has(id)) return true;
      const operation = this.#operations[id] as MapOp;
      if (!CHEAP.has(operation.fn) || members.size >= MOST_STEPS) return false;
      members.add(id);
      return viewsOf(operation).every((view) => {
        const taken = this.#operations[view.value]!;
        const isSame = taken.size === size && isWhole(view, size);
        if (isSame && this.#isMap(view.value) && !this.#isThereBeside(view.value, value))
          return visit(view.value);
        if (!this.#isThereBeside(view.value, value)) return false;
        if (taken.size * SMALL > size) leaves.add(view.value);
        return true;
      });
    };
    return visit(value) ? { members: [...members], leaves, size } : null;
  }

  #isThereBeside(value: ValueId, other: ValueId): boolean {
    return value !== other && this.#isThere(value);
  }

  /** Whether a nest can compute it from no more than it reads now. */
  #canTake(taker: number, { members, leaves, size }: Steps): boolean {
    const unit = this.units[taker]!;
    if (unit.kind !== 'nest') return false;
    const read = this.#takenBy(taker);
    if ([...leaves].filter((leaf) => !read.has(leaf)).length > 1) return false;
    const own = unit.members.map((id) => this.#operations[id] as Elementwise);
    if (domainSize(own[0]!) !== size) return false;
    const views = own.flatMap(viewsOf).filter(({ value }) => members.includes(value));
    if (!views.every((view) => isWhole(view, size))) return false;
    const all = [...own, ...members.map((id) => this.#operations[id] as Elementwise)];
    return sizesBetween(new Set(all.flatMap((operation) => [...cutsOf(operation)]))) !== null;
  }

  #give(taker: number, members: readonly ValueId[]): void {
    const unit = this.units[taker] as Extract<Unit, { kind: 'nest' }>;
    for (const value of this.#takenBy(taker)) this.#takers.get(value)!.delete(taker);
    const all = new Set([...unit.members, ...members]);
    this.units[taker] = { kind: 'nest', members: [...all].sort((a, b) => a - b) };
    this.#note(taker);
  }

  /** Takes out what nobody takes any more. */
  dropIdle(): void {
    const makers = makersOf(this.units);
    // Of a value that several nests make, the first one writes it.
    const isWritten = (id: ValueId, at: number) =>
      makers.get(id) === at && (this.#kept.has(id) || (this.#takers.get(id)?.size ?? 0) > 0);
    for (let at = this.units.length - 1; at >= 0; at--) {
      const unit = this.units[at]!;
      if (unit.kind !== 'nest' || unit.members.length === 0) continue;
      for (const value of this.#takenBy(at)) this.#takers.get(value)!.delete(at);
      const needed = new Set<ValueId>();
      const members = unit.members.toReversed().filter((id) => {
        const isNeeded = needed.has(id) || isWritten(id, at);
        if (isNeeded) for (const { value } of viewsOf(this.#operations[id]!)) needed.add(value);
        return isNeeded;
      });
      this.units[at] = { kind: 'nest', members: members.reverse() };
      this.#note(at);
    }
  }
}

/** Values to make again, and the great ones that they are made of. */
interface Steps {
  readonly members: readonly ValueId[];
  readonly leaves: ReadonlySet<ValueId>;
  readonly size: number;
}
