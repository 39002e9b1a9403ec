import { instantiateKernels, type Kernels } from '../kernels/kernels.ts';

/** Multiplies matrices in the machine's memory. Addresses are in bytes, strides in elements. */
export interface Gemm {
  readonly name: string;
  /** C [m, n] = A·B, or C += A·B. A or B have a stride of 1 along their rows or columns. */
  multiply(
    m: number,
    n: number,
    k: number,
    a: number,
    aRow: number,
    aColumn: number,
    b: number,
    bRow: number,
    bColumn: number,
    c: number,
    cRow: number,
    accumulate: boolean,
    scratch: number,
  ): void;
}

/** WebAssembly's pages, and the most that it addresses. */
export const PAGE = 65536;
export const MOST_PAGES = 65536;

/** One memory, and what computes in it. */
export interface Machine {
  readonly memory: WebAssembly.Memory;
  readonly kernels: Kernels;
  readonly gemm: Gemm;
}

export function createMachine(gemm: GemmOf = wasmGemm): Machine {
  return machineOver(new WebAssembly.Memory({ initial: 1, maximum: MOST_PAGES, shared: true }), gemm);
}

export type GemmOf = (kernels: Kernels, memory: WebAssembly.Memory) => Gemm;

/** Another thread's machine, over the memory of the first. */
export function machineOver(memory: WebAssembly.Memory, gemm: GemmOf = wasmGemm): Machine {
  const kernels = instantiateKernels(memory);
  return { memory, kernels, gemm: gemm(kernels, memory) };
}

export function wasmGemm(kernels: Kernels): Gemm {
  return {
    name: 'wasm',
    multiply: (m, n, k, a, aRow, aColumn, b, bRow, bColumn, c, cRow, accumulate, scratch) =>
      kernels.gemm(m, n, k, a, aRow, aColumn, b, bRow, bColumn, c, cRow, accumulate ? 1 : 0, scratch),
  };
}

/** Makes the memory at least so long. @throws RangeError where it can't be */
export function reserve({ memory }: Machine, bytes: number): void {
  const missing = Math.ceil(bytes / PAGE) - memory.buffer.byteLength / PAGE;
  if (missing > 0) memory.grow(missing);
}
