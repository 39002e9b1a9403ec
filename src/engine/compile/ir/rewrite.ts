import type { Matrix, Operation, Program } from './program.ts';
import { compose, isContiguous, strided, type ValueId, type View } from './view.ts';

/** The views that an operation takes. */
export function viewsOf(operation: Operation): readonly View[] {
  switch (operation.kind) {
    case 'input':
    case 'constant':
      return [];
    case 'map':
      return operation.operands.filter((operand) => typeof operand !== 'number');
    case 'reduce':
      return [operation.operand];
    case 'assemble':
      return operation.parts.map(({ from }) => from);
    case 'matmul':
      return [
        viewOfMatrix(operation.a, [operation.batch, operation.m, operation.k]),
        viewOfMatrix(operation.b, [operation.batch, operation.k, operation.n]),
      ];
    case 'kernel':
      return operation.operands;
  }
}

/** What stands for a value from now on: a view of the same elements in the same order. */
export type Substitutes = ReadonlyMap<ValueId, View>;

/** The view, through what stands for its value; null where that can't be said with strides. */
export function substituted(view: View, substitutes: Substitutes): View | null {
  const substitute = substitutes.get(view.value);
  return substitute ? compose(substitute, view) : view;
}

/** The operation on what stands for its operands, as far as that can be said. */
export function rewritten(operation: Operation, substitutes: Substitutes): Operation {
  return withViews(operation, (view) => substituted(view, substitutes) ?? view);
}

/** The operation on other views; an operand whose new view it couldn't take keeps the old one. */
export function withViews(operation: Operation, change: (view: View) => View): Operation {
  switch (operation.kind) {
    case 'input':
    case 'constant':
      return operation;
    case 'map':
      return {
        ...operation,
        operands: operation.operands.map((of) => (typeof of === 'number' ? of : change(of))),
      };
    case 'reduce':
      return { ...operation, operand: change(operation.operand) };
    case 'assemble':
      return { ...operation, parts: operation.parts.map(({ from, to }) => ({ from: change(from), to })) };
    case 'matmul': {
      const { batch, m, k, n } = operation;
      const matrix = (of: Matrix, shape: MatrixShape) =>
        matrixOf(change(viewOfMatrix(of, shape)), shape) ?? of;
      return { ...operation, a: matrix(operation.a, [batch, m, k]), b: matrix(operation.b, [batch, k, n]) };
    }
    case 'kernel': {
      const contiguous = (view: View) => {
        const changed = change(view);
        return isContiguous(changed) ? changed : view;
      };
      return { ...operation, operands: operation.operands.map(contiguous) };
    }
  }
}

type MatrixShape = readonly [batch: number, rows: number, columns: number];

export function viewOfMatrix(
  { value, offset, next, row, column }: Matrix,
  [batch, rows, columns]: MatrixShape,
): View {
  return {
    value,
    offset,
    factors: [
      [batch, next],
      [rows, row],
      [columns, column],
    ],
  };
}

/** The view as matrices that a product can take; null where neither rows nor columns lie one after another. */
export function matrixOf(view: View, shape: MatrixShape): Matrix | null {
  const factors = strided(view, shape);
  if (!factors) return null;
  const [next, row, column] = factors.map(([, stride]) => stride) as [number, number, number];
  const [, rows, columns] = shape;
  const { value, offset } = view;
  if (columns === 1 || column === 1)
    return { value, offset, row: rows === 1 ? columns : row, column: 1, next };
  if (rows === 1 || row === 1) return { value, offset, row: 1, column, next };
  return null;
}

/** The program with some operations in other places or left out: `order` names those that stay, by their old ids. */
export function reordered(program: Program, order: readonly ValueId[]): Program {
  const ids = new Map(order.map((old, id) => [old, id]));
  const renamed = (view: View): View => ({ ...view, value: ids.get(view.value)! });
  const operations = order.map((old) => withViews(program.operations[old]!, renamed));
  return { operations, ...outcomes(program, renamed) };
}

/** The results and the next state of a program, on other views. */
export function outcomes(
  { results, nextState }: Program,
  change: (view: View) => View,
): Pick<Program, 'results' | 'nextState'> {
  const views = (named: Readonly<Record<string, View>>) =>
    Object.fromEntries(Object.entries(named).map(([name, view]) => [name, change(view)]));
  return { results: views(results), nextState: views(nextState) };
}

/** The program whose results and state are seen through what stands for their values. */
export function substitutedResults(program: Program, substitutes: Substitutes): Program {
  return { ...program, ...outcomes(program, (view) => substituted(view, substitutes) ?? view) };
}
