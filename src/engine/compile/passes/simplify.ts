import type { MapOp, Operand, Program } from '../ir/program.ts';
import { rewritten, substitutedResults } from '../ir/rewrite.ts';
import type { ValueId, View } from '../ir/view.ts';

/**
 * Takes out maps that change nothing: products with 1, sums with 0, copies. Whoever took their values takes
 * those that they were made of. Only what is exact for every number, infinite ones and NaN too.
 */
export function simplify(program: Program): Program {
  const substitutes = new Map<ValueId, View>();
  const operations = program.operations.map((operation, id) => {
    const now = rewritten(operation, substitutes);
    const same = now.kind === 'map' ? sameAs(now) : null;
    if (same) substitutes.set(id, same);
    return now;
  });
  return substitutedResults({ ...program, operations }, substitutes);
}

/** The operand that a map gives back unchanged; null where it computes something. */
function sameAs({ fn, operands }: MapOp): View | null {
  const [a, b] = operands as [Operand, Operand];
  switch (fn) {
    case 'copy':
      return viewOr(a);
    case 'mul':
      return b === 1 ? viewOr(a) : a === 1 ? viewOr(b) : null;
    case 'div':
      return b === 1 ? viewOr(a) : null;
    case 'add':
      // −0 + 0 is 0, which no later step tells from −0 but a division by it.
      return b === 0 ? viewOr(a) : a === 0 ? viewOr(b) : null;
    case 'sub':
      return b === 0 ? viewOr(a) : null;
    default:
      return null;
  }
}

function viewOr(operand: Operand): View | null {
  return typeof operand === 'number' ? null : operand;
}
