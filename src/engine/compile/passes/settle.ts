import type { Operation, Program } from '../ir/program.ts';
import { isContiguous, isWhole, sizeOf, type View, whole } from '../ir/view.ts';

/**
 * Results and next states that are only seen through strides, or are states themselves, get values of their own,
 * so that they can be read, or written in place.
 */
export function settle(program: Program): Program {
  const operations: Operation[] = [...program.operations];
  const copied = (view: View): View => {
    const size = sizeOf(view.factors);
    operations.push({ kind: 'map', fn: 'copy', operands: [view], size });
    return whole(operations.length - 1, size);
  };
  const isMade = ({ value }: View) => !['input', 'constant'].includes(program.operations[value]!.kind);
  const isResult = (view: View) => isMade(view) && isContiguous(view);
  const isState = (view: View) => isMade(view) && isWhole(view, program.operations[view.value]!.size);
  const taken = new Set<number>();
  const settled = (views: Readonly<Record<string, View>>, isSettled: (view: View) => boolean) =>
    Object.fromEntries(
      Object.entries(views).map(([name, view]) => {
        const isFree = isSettled(view) && !taken.has(view.value);
        if (isFree) taken.add(view.value);
        return [name, isFree ? view : copied(view)];
      }),
    );
  const results = settled(program.results, isResult);
  const moving = Object.entries(program.nextState).filter(([name, view]) => !isUnmoved(program, name, view));
  return { operations, results, nextState: settled(Object.fromEntries(moving), isState) };
}

function isUnmoved({ operations }: Program, name: string, view: View): boolean {
  const operation = operations[view.value]!;
  return operation.kind === 'input' && operation.name === name && isWhole(view, operation.size);
}
