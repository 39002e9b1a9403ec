import { gemmCalled } from '../gemm/choose-gemm.ts';
import type { Gemm } from '../gemm/gemm.ts';
import { GREATEST_GEMM_SCRATCH_BYTES, instantiateKernels, type Kernels } from '../kernels/kernels.ts';
import { type Flushing, flushingDenormals } from './denormals.ts';

/** WebAssembly's pages, and the most that it addresses. */
export const PAGE = 65536;
export const MOST_PAGES = 65536;

/** One memory, and what one thread computes in it with. */
export interface Machine {
  readonly memory: WebAssembly.Memory;
  readonly kernels: Kernels;
  readonly gemm: Gemm;
  readonly flushing: Flushing;
}

/** What several threads need at the beginning of their memory: the first byte that others may use. */
export function firstFree(threads: number): number {
  return PAGE + threads * GREATEST_GEMM_SCRATCH_BYTES;
}

/** @param gemm the name of what multiplies, as `chooseGemm` tells it */
export async function createMachine(threads = 1, gemm = 'wasm'): Promise<Machine> {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: MOST_PAGES, shared: true });
  const machine = await machineOver(memory, 0, gemm);
  reserve(machine, firstFree(threads));
  return machine;
}

/** The machine of one of the threads over a memory. */
export async function machineOver(
  memory: WebAssembly.Memory,
  thread: number,
  gemm: string,
): Promise<Machine> {
  const kernels = instantiateKernels(memory);
  const scratch = PAGE + thread * GREATEST_GEMM_SCRATCH_BYTES;
  return {
    memory,
    kernels,
    gemm: await gemmCalled(gemm, { memory, kernels, scratch }),
    flushing: await flushingDenormals(),
  };
}

/** A program needs more memory than there is. */
export class NoRoomError extends Error {
  override readonly name = 'NoRoomError';
}

/** Makes the memory at least so long. @throws NoRoomError where it can't be */
export function reserve({ memory }: Machine, bytes: number): void {
  const missing = Math.ceil(bytes / PAGE) - memory.buffer.byteLength / PAGE;
  if (missing <= 0) return;
  try {
    memory.grow(missing);
  } catch (cause) {
    throw new NoRoomError('it needs more memory than WebAssembly has', { cause });
  }
}
