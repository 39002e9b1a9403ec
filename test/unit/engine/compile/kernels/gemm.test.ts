import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gemmScratchBytes } from '../../../../../src/engine/compile/kernels/kernels.ts';
import { Arena, expectClose, expectSame, kernels, normals } from './arena.ts';

interface Product {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposesA: boolean;
  readonly transposesB: boolean;
  readonly accumulate: boolean;
  /** How much longer than n the rows of C are. */
  readonly gap: number;
}

/** Sizes on both sides of a tile's, a strip's, and what is packed at once. */
const aSize = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 70 }));
const aDepth = fc.oneof(aSize, fc.constantFrom(255, 256, 257, 600));

const aProduct: fc.Arbitrary<Product> = fc.record({
  m: fc.oneof(aSize, fc.constantFrom(127, 130)),
  n: fc.oneof(fc.constant(1), aSize, fc.constantFrom(511, 515)),
  k: aDepth,
  transposesA: fc.boolean(),
  transposesB: fc.boolean(),
  accumulate: fc.boolean(),
  gap: fc.constantFrom(0, 0, 3),
});

const strides = (rows: number, columns: number, isTransposed: boolean): [number, number] =>
  isTransposed ? [1, rows] : [columns, 1];

/** What is in C before. */
const before = ({ m, n, gap }: Product) => normals(3, m * (n + gap));

function multiply(product: Product, m = product.m, firstRow = 0): Float32Array {
  const { n, k, transposesA, transposesB, accumulate, gap } = product;
  const arena = new Arena();
  const a = arena.input(normals(1, product.m * k));
  const b = arena.input(normals(2, k * n));
  const c = arena.output(before(product));
  const scratch = arena.blank(gemmScratchBytes(m, n, k) / 4);
  const [aRow, aCol] = strides(product.m, k, transposesA);
  const [bRow, bCol] = strides(k, n, transposesB);
  const aFrom = a + firstRow * aRow * 4;
  const cFrom = c + firstRow * (n + gap) * 4;
  kernels.gemm(m, n, k, aFrom, aRow, aCol, b, bRow, bCol, cFrom, n + gap, accumulate ? 1 : 0, scratch);
  arena.expectOthersUntouched();
  return arena.read(c);
}

function expected(product: Product): Float64Array {
  const { m, n, k, transposesA, transposesB, accumulate, gap } = product;
  const [a, b] = [normals(1, m * k), normals(2, k * n)];
  const c = Float64Array.from(before(product));
  const [aRow, aCol] = strides(m, k, transposesA);
  const [bRow, bCol] = strides(k, n, transposesB);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = accumulate ? c[i * (n + gap) + j]! : 0;
      for (let l = 0; l < k; l++) sum += a[i * aRow + l * aCol]! * b[l * bRow + j * bCol]!;
      c[i * (n + gap) + j] = sum;
    }
  }
  return c;
}

describe('gemm', () => {
  it('multiplies matrices of any size, either transposed, into C or onto it', () => {
    fc.assert(
      fc.property(aProduct, (product) => {
        expectClose(multiply(product), expected(product), product.k + 1);
      }),
      { numRuns: 200 },
    );
  });

  it('clears or keeps C when there is nothing to sum', () => {
    const nothing = { m: 5, n: 3, k: 0, transposesA: false, transposesB: false, gap: 2 };
    const kept = multiply({ ...nothing, accumulate: true });
    const cleared = multiply({ ...nothing, accumulate: false });
    expectSame(kept, before({ ...nothing, accumulate: true }));
    expect(cleared).toEqual(Float32Array.from(kept, (value, i) => (i % 5 < 3 ? 0 : value)));
  });

  it('computes a row the same, bit for bit, however many rows there are', () => {
    fc.assert(
      fc.property(aProduct, fc.nat(), (product, part) => {
        const all = multiply(product);
        const first = part % product.m;
        const rows = 1 + (part % (product.m - first));
        const some = multiply(product, rows, first);
        const row = product.n + product.gap;
        expectSame(
          some.slice(first * row, (first + rows) * row),
          all.slice(first * row, (first + rows) * row),
        );
      }),
      { numRuns: 150 },
    );
  });

  it('lets NaN and infinities through', () => {
    const arena = new Arena();
    const a = arena.input([1, Number.NaN, Number.POSITIVE_INFINITY, 1]);
    const b = arena.input([1, 1, 1, 0, 1, 0]);
    const c = arena.blank(6);
    kernels.gemm(2, 3, 2, a, 2, 1, b, 3, 1, c, 3, 0, arena.blank(gemmScratchBytes(2, 3, 2) / 4));
    const infinite = Number.POSITIVE_INFINITY;
    expect(Array.from(arena.read(c))).toEqual([...Array(3).fill(Number.NaN), infinite, infinite, infinite]);
  });
});
