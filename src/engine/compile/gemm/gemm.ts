import type { Kernels } from '../kernels/kernels.ts';
import type { Blas } from './find-blas.ts';

/** What multiplies the matrices of a compiled program. */
export interface Gemm {
  readonly name: string;
  /**
   * C [m, n] = A [m, k]·B [k, n], or C += A·B, over byte addresses in the program's memory. Strides are in elements:
   * those of A and B from row to row and from column to column, that of C from row to row.
   */
  multiply(
    m: number,
    n: number,
    k: number,
    a: number,
    aRow: number,
    aCol: number,
    b: number,
    bRow: number,
    bCol: number,
    c: number,
    cRow: number,
    accumulate: boolean,
  ): void;
}

/**
 * The product of the kernels, which takes operands of any strides.
 * @param scratch the address of `GREATEST_GEMM_SCRATCH_BYTES` bytes, which no other thread may use
 */
export function wasmGemm(kernels: Kernels, scratch: number): Gemm {
  return {
    name: 'wasm',
    multiply: (m, n, k, a, aRow, aCol, b, bRow, bCol, c, cRow, accumulate) =>
      kernels.gemm(m, n, k, a, aRow, aCol, b, bRow, bCol, c, cRow, accumulate ? 1 : 0, scratch),
  };
}

/**
 * The product of a library of this machine. Shared memory never moves, so it is asked for its address but once.
 * @param small takes those products that are over before a call into the library has come through
 * @param paysFrom the smallest m·n·k that is worth the call
 */
export function blasGemm(
  blas: Blas,
  memory: WebAssembly.Memory,
  small: Gemm,
  paysFrom: number = blas.paysFrom,
): Gemm {
  const base = blas.addressOf(memory.buffer);
  return {
    name: blas.name,
    multiply(m, n, k, a, aRow, aCol, b, bRow, bCol, c, cRow, accumulate) {
      if (m * n * k < paysFrom || k === 0) {
        small.multiply(m, n, k, a, aRow, aCol, b, bRow, bCol, c, cRow, accumulate);
        return;
      }
      const aIsTransposed = isTransposed(m, k, aRow, aCol);
      const bIsTransposed = isTransposed(k, n, bRow, bCol);
      const aLeading = leading(m, k, aRow, aCol, aIsTransposed);
      const bLeading = leading(k, n, bRow, bCol, bIsTransposed);
      const cLeading = Math.max(cRow, n);
      const beta = accumulate ? 1 : 0;
      blas.multiply(
        ...([aIsTransposed, bIsTransposed, m, n, k] as const),
        ...([base + a, aLeading, base + b, bLeading, beta, base + c, cLeading] as const),
      );
    },
  };
}

/** Whether the matrix lies there column by column. Of a single row or column, that stride doesn't matter. */
function isTransposed(rows: number, columns: number, rowStride: number, columnStride: number): boolean {
  if (columnStride === 1 || columns === 1) return false;
  if (rowStride === 1 || rows === 1) return true;
  throw new Error(`A library multiplies no matrix with strides ${rowStride} and ${columnStride}.`);
}

/** From one row (of a transposed one: column) to the next; a library wants no less than one's length. */
function leading(
  rows: number,
  columns: number,
  rowStride: number,
  columnStride: number,
  isTransposed: boolean,
): number {
  return isTransposed ? Math.max(columnStride, rows) : Math.max(rowStride, columns);
}
