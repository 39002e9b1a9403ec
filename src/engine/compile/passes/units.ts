import type { Operation, Program } from '../ir/program.ts';
import { viewsOf } from '../ir/rewrite.ts';
import type { ValueId } from '../ir/view.ts';

/** Operations that are run as one: some elementwise ones in one nest of loops, or any other alone. */
export type Unit =
  | { readonly kind: 'nest'; readonly members: readonly ValueId[] }
  | { readonly kind: 'alone'; readonly value: ValueId };

export interface Schedule {
  /** What the results are made of. Nothing of the state is written yet. */
  readonly measure: readonly Unit[];
  /** The rest: what only the next state is made of. */
  readonly update: readonly Unit[];
}

export function membersOf(unit: Unit): readonly ValueId[] {
  return unit.kind === 'nest' ? unit.members : [unit.value];
}

/** The values that a unit takes and doesn't make itself. */
export function takenBy(operations: readonly Operation[], unit: Unit): Set<ValueId> {
  const own = new Set(membersOf(unit));
  const taken = membersOf(unit).flatMap((id) => viewsOf(operations[id]!).map(({ value }) => value));
  return new Set(taken.filter((value) => !own.has(value)));
}

/** The values that outlive a run. */
export function keptValues({ results, nextState }: Program): Set<ValueId> {
  return new Set([...Object.values(results), ...Object.values(nextState)].map(({ value }) => value));
}

/** The unit that makes each value: of several, the first. */
export function makersOf(units: readonly Unit[]): Map<ValueId, number> {
  const makers = new Map<ValueId, number>();
  for (const [at, unit] of units.entries()) {
    for (const id of membersOf(unit)) if (!makers.has(id)) makers.set(id, at);
  }
  return makers;
}
