import type { ReduceFunction } from '../ir/program.ts';
import type { Nest } from '../loops/nest.ts';
import { aligned } from './cache-line.ts';

const BYTES = 4;

/** So many sums, in slots one after another, of so many numbers each. */
export interface Sums {
  readonly slots: number;
  readonly size: number;
  readonly fn: ReduceFunction;
}

/** Adds up the sums in all slots, element by element. */
export function sumNest({ slots, size, fn }: Sums): Nest {
  const each = { size: slots, reduced: true };
  const stride = slotBytes(size) / BYTES;
  return {
    dimensions: size > 1 ? [each, { size, reduced: false }] : [each],
    pointers:
      size > 1
        ? [
            [stride, 1],
            [0, 1],
          ]
        : [[stride], [0]],
    steps: [],
    stores: [],
    reductions: [{ fn, value: { pointer: 0 }, pointer: 1 }],
  };
}

/** Each sum has cache lines of its own. */
export function slotBytes(size: number): number {
  return aligned(size * BYTES);
}
