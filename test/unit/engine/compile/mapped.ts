import type { MapFunction } from '../../../../src/engine/compile/ir/program.ts';
import type { Nest } from '../../../../src/engine/compile/loops/nest.ts';
import { runNest } from './nests.ts';

/** What the generated code makes of numbers, element by element. */
export function mapped(fn: MapFunction, ...operands: readonly (readonly number[])[]): Float32Array {
  const size = operands[0]!.length;
  const nest: Nest = {
    dimensions: [{ size, reduced: false }],
    pointers: [...operands.map(() => [1]), [1]],
    steps: [{ fn, args: operands.map((_, pointer) => ({ pointer })) }],
    stores: [{ value: { step: 0 }, pointer: operands.length }],
    reductions: [],
  };
  return runNest(nest, [...operands, new Float32Array(size)])[operands.length]!;
}
