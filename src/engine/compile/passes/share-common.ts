import type { Operation, Program } from '../ir/program.ts';
import { rewritten, substitutedResults } from '../ir/rewrite.ts';
import { keyOf, type ValueId, type View, whole } from '../ir/view.ts';

/** What is computed twice is computed once. */
export function shareCommon(program: Program): Program {
  const firsts = new Map<string, ValueId>();
  const substitutes = new Map<ValueId, View>();
  const operations = program.operations.map((operation, id) => {
    const now = rewritten(operation, substitutes);
    const key = keyOfOperation(now);
    const first = key === null ? undefined : firsts.get(key);
    if (first !== undefined) substitutes.set(id, whole(first, now.size));
    else if (key !== null) firsts.set(key, id);
    return now;
  });
  return substitutedResults({ ...program, operations }, substitutes);
}

/** Operations of the same key compute the same; null for what has none. */
function keyOfOperation(operation: Operation): string | null {
  switch (operation.kind) {
    case 'input':
      return `input ${operation.name}`;
    case 'constant':
      return null;
    case 'map': {
      const operands = operation.operands.map((operand) =>
        typeof operand === 'number' ? operand : keyOf(operand),
      );
      return `${operation.fn} ${operation.size} ${operands.join(' ')} ${operation.index ?? ''}`;
    }
    case 'reduce':
      return `${operation.fn} ${keyOf(operation.operand)} ${JSON.stringify(operation.extents)}`;
    case 'assemble':
      return null;
    case 'matmul':
      return JSON.stringify(operation);
    case 'kernel': {
      const { name, operands, window, numbers } = operation;
      return `${name} ${operands.map(keyOf).join(' ')} ${JSON.stringify([window, numbers])}`;
    }
  }
}
