import fc from 'fast-check';
import type { Gemm } from '../../../../../src/engine/compile/gemm/gemm.ts';
import {
  GREATEST_GEMM_SCRATCH_BYTES,
  instantiateKernels,
} from '../../../../../src/engine/compile/kernels/kernels.ts';
import { expectClose, normals } from '../kernels/arena.ts';

/** A memory with room for the kernels' scratch, from where arrays are laid one after the other. */
export function aMemory() {
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 65536, shared: true });
  return { memory, kernels: instantiateKernels(memory), scratch: 65536 };
}

const ARRAYS = 65536 + GREATEST_GEMM_SCRATCH_BYTES;

export interface Product {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposesA: boolean;
  readonly transposesB: boolean;
  readonly accumulate: boolean;
  readonly gap: number;
}

const aSize = fc.integer({ min: 1, max: 60 });

export const aProduct: fc.Arbitrary<Product> = fc.record({
  ...{ m: aSize, n: aSize, k: aSize },
  ...{ transposesA: fc.boolean(), transposesB: fc.boolean(), accumulate: fc.boolean() },
  gap: fc.constantFrom(0, 3),
});

/** Multiplies in the memory, and expects what a plain loop computes; each row of C has `gap` columns to keep. */
export function expectRight(gemm: Gemm, memory: WebAssembly.Memory, product: Product, at = ARRAYS): void {
  const { m, n, k, transposesA, transposesB, accumulate, gap } = product;
  const [a, b, c] = [normals(1, m * k), normals(2, k * n), normals(3, m * (n + gap))];
  const floats = new Float32Array(memory.buffer);
  const [aAt, bAt, cAt] = [at, at + a.length * 4, at + (a.length + b.length) * 4];
  for (const [array, address] of [[a, aAt] as const, [b, bAt] as const, [c, cAt] as const]) {
    floats.set(array, address / 4);
  }
  const [aRow, aCol] = transposesA ? [1, m] : [k, 1];
  const [bRow, bCol] = transposesB ? [1, k] : [n, 1];
  gemm.multiply(m, n, k, aAt, aRow, aCol, bAt, bRow, bCol, cAt, n + gap, accumulate);
  const expected = Float64Array.from(c);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = accumulate ? c[i * (n + gap) + j]! : 0;
      for (let l = 0; l < k; l++) sum += a[i * aRow + l * aCol]! * b[l * bRow + j * bCol]!;
      expected[i * (n + gap) + j] = sum;
    }
  }
  expectClose(floats.slice(cAt / 4, cAt / 4 + c.length), expected, k + 1);
}
