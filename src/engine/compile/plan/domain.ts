import type { Extent, MapOp, Reduce } from '../ir/program.ts';
import { viewsOf } from '../ir/rewrite.ts';
import { type Factor, merged, sizeOf } from '../ir/view.ts';

/** An operation that goes through an index space element by element. */
export type Elementwise = MapOp | Reduce;

/** How many elements an operation goes through. */
export function domainSize(operation: Elementwise): number {
  return operation.kind === 'map' ? operation.size : sizeOf(operation.operand.factors);
}

/**
 * Where the index space of an operation has to be cut, so that all it takes has one stride between two cuts: the
 * numbers of elements behind each cut.
 */
export function cutsOf(operation: Elementwise): ReadonlySet<number> {
  const before = known.get(operation);
  if (before) return before;
  const cuts = findCuts(operation);
  known.set(operation, cuts);
  return cuts;
}

/** Nests ask again and again, and operations never change. */
const known = new WeakMap<Elementwise, ReadonlySet<number>>();

function findCuts(operation: Elementwise): Set<number> {
  const cuts = new Set<number>();
  const add = (factors: readonly Factor[]) => {
    for (const cut of cutsAlong(factors)) cuts.add(cut);
  };
  for (const { factors } of viewsOf(operation)) add(factors);
  if (operation.kind === 'map' && operation.index) add(operation.index);
  if (operation.kind === 'reduce')
    add(mergedExtents(operation.extents).map(({ size }) => [size, Number.NaN]));
  return cuts.add(1).add(domainSize(operation));
}

/** Where factors begin. */
export function cutsAlong(factors: readonly Factor[]): number[] {
  let behind = 1;
  const cuts = [1];
  for (const [size] of merged(factors).reverse()) {
    behind *= size;
    cuts.push(behind);
  }
  return cuts;
}

/** Neighbours that are both reduced, or both kept, as one. */
export function mergedExtents(extents: readonly Extent[]): Extent[] {
  const result: Extent[] = [];
  for (const { size, reduced } of extents) {
    const last = result.at(-1);
    if (last?.reduced === reduced) result[result.length - 1] = { size: last.size * size, reduced };
    else result.push({ size, reduced });
  }
  return result;
}

/** The sizes between the cuts, outermost first; null where one cut isn't a multiple of the next. */
export function sizesBetween(cuts: ReadonlySet<number>): number[] | null {
  const sorted = [...cuts].sort((a, b) => a - b);
  const sizes: number[] = [];
  for (let i = 1; i < sorted.length; i++) {
    const size = sorted[i]! / sorted[i - 1]!;
    if (!Number.isInteger(size)) return null;
    sizes.unshift(size);
  }
  return sizes;
}
