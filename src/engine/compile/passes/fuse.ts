import type { Operation, Program } from '../ir/program.ts';
import { viewsOf } from '../ir/rewrite.ts';
import { isWhole, keyOf, type ValueId } from '../ir/view.ts';
import { cutsOf, domainSize, type Elementwise, mergedExtents, sizesBetween } from '../plan/domain.ts';
import { neededFor } from './drop-dead-code.ts';
import type { Schedule, Unit } from './units.ts';

/** More of them would not fit into the processor's registers, nor into what its caches follow. */
const MOST_MEMBERS = 80;
const MOST_OPERANDS = 16;
const DEEPEST = 24;

/**
 * Puts the operations in an order in which elementwise ones over the same index space stand together, and gathers
 * those to nests: what one makes another takes from a register. Each operation is gathered with the first one that
 * it shares numbers with, as soon as all that it takes is there.
 */
export function fuse(program: Program): Schedule {
  const measured = neededFor(
    program,
    Object.values(program.results).map(({ value }) => value),
  );
  const gatherer = new Gatherer(program);
  const ids = [...program.operations.keys()];
  const measure = gatherer.gather(ids.filter((id) => measured.has(id)));
  return { measure, update: gatherer.gather(ids.filter((id) => !measured.has(id))) };
}

class Gatherer {
  readonly #operations: readonly Operation[];
  readonly #takers: readonly ValueId[][];
  readonly #done = new Set<ValueId>();

  constructor({ operations }: Program) {
    this.#operations = operations;
    const takers: ValueId[][] = operations.map(() => []);
    for (const [id, operation] of operations.entries()) {
      for (const value of new Set(viewsOf(operation).map(({ value }) => value))) takers[value]!.push(id);
      if (operation.kind === 'input' || operation.kind === 'constant') this.#done.add(id);
    }
    this.#takers = takers;
  }

  /** @param ids in an order in which each comes after all that it takes */
  gather(ids: readonly ValueId[]): Unit[] {
    const allowed = new Set(ids);
    const units: Unit[] = [];
    for (const id of ids) {
      if (this.#done.has(id)) continue;
      units.push(this.#unitOf(id, allowed));
    }
    return units;
  }

  #unitOf(id: ValueId, allowed: ReadonlySet<ValueId>): Unit {
    const operation = this.#operations[id]!;
    if (!isElementwise(operation)) {
      this.#done.add(id);
      return { kind: 'alone', value: id };
    }
    const nest = new Gathering(operation, id);
    for (const member of nest.members) {
      for (const candidate of this.#candidates(member)) {
        const joining = allowed.has(candidate) ? this.#joining(candidate, nest, allowed, 0) : null;
        if (joining) nest.add(joining, this.#operations);
      }
    }
    for (const member of nest.members) this.#done.add(member);
    return { kind: 'nest', members: [...nest.members].sort((a, b) => a - b) };
  }

  /** What takes what the member makes, or the same as it. */
  *#candidates(member: ValueId): Generator<ValueId> {
    const operation = this.#operations[member]! as Elementwise;
    if (operation.kind === 'map') yield* this.#takers[member]!;
    for (const view of viewsOf(operation)) {
      if (this.#operations[view.value]!.size !== domainSize(operation)) continue;
      yield* this.#takers[view.value]!;
    }
  }

  /** The operation and what is missing for it, in order; null where that can't all join. */
  #joining(id: ValueId, nest: Gathering, allowed: ReadonlySet<ValueId>, depth: number): ValueId[] | null {
    if (this.#done.has(id) || nest.has(id)) return [];
    const operation = this.#operations[id]!;
    if (depth > DEEPEST || !allowed.has(id) || !isElementwise(operation) || !nest.fits(operation))
      return null;
    const missing: ValueId[] = [];
    for (const view of viewsOf(operation)) {
      if (this.#done.has(view.value)) continue;
      const taken = this.#operations[view.value]!;
      // Of what the nest itself makes, only the element that is being made is there.
      if (taken.kind !== 'map' || !isWhole(view, taken.size) || taken.size !== nest.size) return null;
      if (nest.has(view.value) || missing.includes(view.value)) continue;
      const joining = this.#joining(view.value, nest, allowed, depth + 1);
      if (!joining) return null;
      missing.push(...joining.filter((value) => !missing.includes(value)));
    }
    const all = [...missing, id];
    return nest.fitsAll(all, this.#operations) ? all : null;
  }
}

/** A nest as it grows. */
class Gathering {
  readonly members = new Set<ValueId>();
  readonly size: number;
  #cuts: ReadonlySet<number>;
  #extents: string | null;
  readonly #operands = new Map<string, ValueId>();

  constructor(first: Elementwise, id: ValueId) {
    this.size = domainSize(first);
    this.#cuts = cutsOf(first);
    this.#extents = extentsKey(first);
    this.members.add(id);
    this.#note(first);
  }

  has(id: ValueId): boolean {
    return this.members.has(id);
  }

  fits(operation: Elementwise): boolean {
    if (domainSize(operation) !== this.size) return false;
    const extents = extentsKey(operation);
    if (extents !== null && this.#extents !== null && extents !== this.#extents) return false;
    const cuts = withCuts(this.#cuts, operation);
    return cuts === this.#cuts || sizesBetween(cuts) !== null;
  }

  fitsAll(ids: readonly ValueId[], operations: readonly Operation[]): boolean {
    if (this.members.size + ids.length > MOST_MEMBERS) return false;
    const joining = ids.map((id) => operations[id] as Elementwise);
    const cuts = joining.reduce(withCuts, this.#cuts);
    const extents = new Set([this.#extents, ...joining.map(extentsKey)].filter((key) => key !== null));
    const operands = new Map([...this.#operands, ...joining.flatMap(operandKeys)]);
    const outside = [...operands.values()].filter(
      (value) => !this.members.has(value) && !ids.includes(value),
    );
    if (extents.size > 1 || outside.length > MOST_OPERANDS) return false;
    return cuts === this.#cuts || sizesBetween(cuts) !== null;
  }

  add(ids: readonly ValueId[], operations: readonly Operation[]): void {
    for (const id of ids) {
      const operation = operations[id] as Elementwise;
      this.members.add(id);
      this.#cuts = withCuts(this.#cuts, operation);
      this.#extents ??= extentsKey(operation);
      this.#note(operation);
    }
  }

  #note(operation: Elementwise): void {
    for (const [key, value] of operandKeys(operation)) this.#operands.set(key, value);
  }
}

/** The same set where the operation cuts nowhere else. */
function withCuts(cuts: ReadonlySet<number>, operation: Elementwise): ReadonlySet<number> {
  const own = cutsOf(operation);
  for (const cut of own) if (!cuts.has(cut)) return new Set([...cuts, ...own]);
  return cuts;
}

function operandKeys(operation: Elementwise): [string, ValueId][] {
  return viewsOf(operation).map((view) => [keyOf(view), view.value]);
}

/** What a reduction keeps and what it reduces; null for a map. */
function extentsKey(operation: Elementwise): string | null {
  return operation.kind === 'reduce' ? JSON.stringify(mergedExtents(operation.extents)) : null;
}

export function isElementwise(operation: Operation): operation is Elementwise {
  return operation.kind === 'map' || operation.kind === 'reduce';
}
