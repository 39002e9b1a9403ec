import type { Operation, Program } from '../ir/program.ts';
import { reordered, viewsOf } from '../ir/rewrite.ts';
import type { ValueId } from '../ir/view.ts';

/** Leaves out what neither a result nor the state needs. A state that moves stays, if only to be written. */
export function dropDeadCode(program: Program): Program {
  const { operations, results, nextState } = program;
  const needed = neededFor(
    program,
    [...Object.values(results), ...Object.values(nextState)].map(({ value }) => value),
  );
  const isMoved = (operation: Operation) => operation.kind === 'input' && operation.name in nextState;
  return reordered(
    program,
    [...operations.keys()].filter((id) => needed.has(id) || isMoved(operations[id]!)),
  );
}

/** These values, and all that they are made of. */
export function neededFor({ operations }: Program, values: readonly ValueId[]): ReadonlySet<ValueId> {
  const needed = new Set<ValueId>();
  const open = [...values];
  while (open.length > 0) {
    const id = open.pop()!;
    if (needed.has(id)) continue;
    needed.add(id);
    for (const { value } of viewsOf(operations[id]!)) open.push(value);
  }
  return needed;
}
