import type { MapFunction, ReduceFunction } from '../ir/program.ts';

/** What a step takes: a number, what an earlier step made, or what a pointer reads. */
export type Argument = number | { readonly step: number } | { readonly pointer: number };

/** One map function, computed for each element. */
export interface Step {
  readonly fn: MapFunction;
  readonly args: readonly Argument[];
  /** Of a uniform: how its place in the stream moves along each dimension. */
  readonly index?: readonly number[];
}

/**
 * Nested loops over one index space, in which every element goes through all steps. It says nothing of where the
 * numbers lie, so that many operations can share one compiled function.
 */
export interface Nest {
  /** Outermost first. */
  readonly dimensions: readonly { readonly size: number; readonly reduced: boolean }[];
  /** How each pointer moves along each dimension, in elements. */
  readonly pointers: readonly (readonly number[])[];
  readonly steps: readonly Step[];
  /** Written for each element. */
  readonly stores: readonly { readonly value: Argument; readonly pointer: number }[];
  /** Written once for all elements along the reduced dimensions, along which the pointer stands still. */
  readonly reductions: readonly {
    readonly fn: ReduceFunction;
    readonly value: Argument;
    readonly pointer: number;
  }[];
}

/**
 * How many iterations of the outermost dimension can be divided among threads; 1 where they can't. Where that is
 * reduced, each of them has sums of its own part.
 */
export function divisible({ dimensions }: Nest): number {
  const [outermost] = dimensions;
  if (!outermost) return 1;
  return outermost.reduced && dimensions.length === 1 ? 1 : outermost.size;
}
