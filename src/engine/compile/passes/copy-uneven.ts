import type { Operand, Operation, Program } from '../ir/program.ts';
import { outcomes, withViews } from '../ir/rewrite.ts';
import { type Factor, sizeOf, type ValueId, type View, whole } from '../ir/view.ts';
import { cutsAlong, mergedExtents, sizesBetween } from '../plan/domain.ts';

/**
 * Copies what an operation can't go through in one nest of loops together with all else that it takes: two rows of
 * 24 beside three of 16. A copy lies one after another, and so fits everything.
 */
export function copyUneven(program: Program): Program {
  const operations: Operation[] = [];
  const ids: ValueId[] = [];
  const renamed = (view: View): View => ({ ...view, value: ids[view.value]! });
  const copied = (view: View): View => {
    const size = sizeOf(view.factors);
    operations.push({ kind: 'map', fn: 'copy', operands: [view], size });
    return whole(operations.length - 1, size);
  };
  for (const operation of program.operations) {
    const now = evened(withViews(operation, renamed), copied);
    ids.push(operations.push(now) - 1);
  }
  return { operations, ...outcomes(program, renamed) };
}

function evened(operation: Operation, copied: (view: View) => View): Operation {
  switch (operation.kind) {
    case 'map': {
      const cuts = new Cuts(operation.index ?? []);
      const even = (of: Operand) => (typeof of === 'number' || cuts.take(of.factors) ? of : copied(of));
      return { ...operation, operands: operation.operands.map(even) };
    }
    case 'reduce': {
      const cuts = new Cuts(mergedExtents(operation.extents).map(({ size }) => [size, Number.NaN]));
      const { operand } = operation;
      return cuts.take(operand.factors) ? operation : { ...operation, operand: copied(operand) };
    }
    case 'assemble': {
      const parts = operation.parts.map(({ from, to }) => ({
        from: new Cuts(to.factors).take(from.factors) ? from : copied(from),
        to,
      }));
      return { ...operation, parts };
    }
    default:
      return operation;
  }
}

/** Where one index space is to be cut. */
class Cuts {
  #cuts: ReadonlySet<number>;

  constructor(factors: readonly Factor[]) {
    this.#cuts = new Set(cutsAlong(factors));
  }

  /** Cuts it for these factors too; false where that can't be done. */
  take(factors: readonly Factor[]): boolean {
    const all = new Set([...this.#cuts, ...cutsAlong(factors)]);
    if (!sizesBetween(all)) return false;
    this.#cuts = all;
    return true;
  }
}
