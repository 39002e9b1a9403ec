import { expect } from 'vitest';
import { MAP_FUNCTIONS } from '../../../../src/engine/compile/ir/map-functions.ts';
import type { ReduceFunction } from '../../../../src/engine/compile/ir/program.ts';
import { generate } from '../../../../src/engine/compile/loops/generate.ts';
import { type Argument, divisible, type Nest } from '../../../../src/engine/compile/loops/nest.ts';
import { encodeModule } from '../../../../src/engine/compile/loops/wasm.ts';
import { uniform } from '../../../../src/random.ts';

const PAGE = 65536;
const GUARD = 0x7fc5_a5a5;
const GUARD_WORDS = 64;
const memory = new WebAssembly.Memory({ initial: 64, maximum: 65536, shared: true });

/**
 * Runs the code that is generated for a nest, and expects that nothing is written but what its pointers are over.
 * @param arrays what each pointer is over; the same array for two pointers is the same memory
 * @param ranges of iterations of the outermost dimension, one call each; all at once when left out
 * @returns the arrays after, by pointer
 */
export function runNest(
  nest: Nest,
  arrays: readonly ArrayLike<number>[],
  ranges: readonly (readonly [from: number, to: number])[] = [[0, divisible(nest)]],
): Float32Array[] {
  const words = arrays.reduce((sum, array) => sum + array.length + GUARD_WORDS, 2 * GUARD_WORDS);
  const missing = PAGE + words * 4 + PAGE - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
  const all = new Uint32Array(memory.buffer, PAGE, words).fill(GUARD);
  const places = new Map<ArrayLike<number>, Float32Array>();
  let next = PAGE + GUARD_WORDS * 4;
  for (const array of arrays) {
    if (places.has(array)) continue;
    const place = new Float32Array(memory.buffer, next, array.length);
    // Keys of random streams are words, not numbers.
    if (array instanceof Int32Array) new Int32Array(memory.buffer, next, array.length).set(array);
    else place.set(array);
    places.set(array, place);
    next += (array.length + GUARD_WORDS) * 4;
  }
  const module = new WebAssembly.Module(encodeModule([generate(nest)], 65536));
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const run = exports.f0 as (from: number, to: number, ...pointers: number[]) => void;
  const pointers = arrays.map((array) => places.get(array)!.byteOffset);
  for (const [from, to] of ranges) run(from, to, ...pointers);
  for (const place of places.values()) {
    const start = (place.byteOffset - PAGE) / 4;
    for (const first of [start - GUARD_WORDS, start + place.length])
      expect(all.subarray(first, first + GUARD_WORDS).every((word) => word === GUARD)).toBe(true);
  }
  return arrays.map((array) => places.get(array)!.slice());
}

const JOIN: Readonly<Record<ReduceFunction, (a: number, b: number) => number>> = {
  sum: (a, b) => a + b,
  prod: (a, b) => a * b,
  max: Math.max,
  min: Math.min,
};

/** What a nest means: element by element, all read before anything of the element is written. */
export function interpretNest(nest: Nest, arrays: readonly ArrayLike<number>[]): number[][] {
  const copies = new Map(arrays.map((array) => [array, Array.from(array)]));
  const after = arrays.map((array) => copies.get(array)!);
  const sums = nest.reductions.map(() => new Map<number, number>());
  for (const position of positionsOf(nest.dimensions.map(({ size }) => size))) {
    const place = (strides: readonly number[]) =>
      strides.reduce((sum, stride, i) => sum + stride * position[i]!, 0);
    const made: number[] = [];
    const take = (argument: Argument): number => {
      if (typeof argument === 'number') return Math.fround(argument);
      return 'step' in argument
        ? made[argument.step]!
        : after[argument.pointer]![place(nest.pointers[argument.pointer]!)]!;
    };
    for (const { fn, args, index } of nest.steps) {
      const values = args.map(take);
      made.push(
        fn === 'uniform' ? uniform([values[0]!, values[1]!], place(index!)) : MAP_FUNCTIONS[fn](...values),
      );
    }
    for (const [i, { fn, value, pointer }] of nest.reductions.entries()) {
      const at = place(nest.pointers[pointer]!);
      const [sum, own] = [sums[i]!.get(at), take(value)];
      sums[i]!.set(at, sum === undefined ? own : JOIN[fn](sum, own));
    }
    const stored = nest.stores.map(({ value }) => take(value));
    for (const [i, { pointer }] of nest.stores.entries())
      after[pointer]![place(nest.pointers[pointer]!)] = stored[i]!;
  }
  for (const [i, { pointer }] of nest.reductions.entries())
    for (const [at, sum] of sums[i]!) after[pointer]![at] = sum;
  return after;
}

function positionsOf(sizes: readonly number[]): number[][] {
  return sizes.reduce<number[][]>(
    (positions, size) =>
      positions.flatMap((position) => Array.from({ length: size }, (_, i) => [...position, i])),
    [[]],
  );
}
