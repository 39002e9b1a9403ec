import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Setting } from './protocol.ts';

/** Whoever takes part: a program that is given a way and a setting as its last arguments, and then serves. */
export interface Participant {
  readonly program: readonly [string, ...string[]];
  readonly environment?: (threads: number) => Record<string, string>;
  readonly kinds: readonly Setting['kind'][];
  /** Whether more threads make a difference to it. */
  readonly threaded: boolean;
  /** Of PyTorch's: which of the goals' rivals it is. */
  readonly rival?: 'PyTorch' | 'a PyTorch loop' | 'a batched PyTorch pass';
}

const BUILT = join(import.meta.dirname, '../../../dist/test/bench/train/contenders');
const ours = (way: string): Participant => ({
  program: [process.execPath, join(BUILT, 'ours.js'), way],
  kinds: ['training', 'monteCarlo'],
  threaded: way !== 'eager',
});

/**
 * @param python with PyTorch
 * @param core what OpenBLAS is told to take the processor for, where it is tuned
 */
export function participants(
  python: string,
  core: string | undefined,
): Readonly<Record<string, Participant>> {
  const program = (way: string) =>
    [python, '-B', join(import.meta.dirname, 'torch/serve.py'), way] as [string, ...string[]];
  const torch = { program: program('loop'), environment: asInstalled, threaded: true };
  const batched = { ...torch, program: program('batched') };
  const tuned = { environment: (threads: number) => ({ ...asInstalled(threads), OPENBLAS_CORETYPE: core! }) };
  const trains = { kinds: ['training', 'gemm'], rival: 'PyTorch' } as const;
  const loops = { kinds: ['monteCarlo'], rival: 'a PyTorch loop' } as const;
  const batches = { kinds: ['monteCarlo'], rival: 'a batched PyTorch pass' } as const;
  return {
    torch: { ...torch, ...trains },
    ...(core && { 'torch-tuned': { ...torch, ...trains, ...tuned } }),
    'torch-loop': { ...torch, ...loops },
    ...(core && { 'torch-loop-tuned': { ...torch, ...loops, ...tuned } }),
    'torch-batched': { ...batched, ...batches },
    ...(core && { 'torch-batched-tuned': { ...batched, ...batches, ...tuned } }),
    stock: {
      program: [process.execPath, join(BUILT, 'stock.js'), 'stock'],
      kinds: ['training'],
      threaded: false,
    },
    eager: ours('eager'),
    compiled: ours('compiled'),
    'compiled-wasm': ours('compiled-wasm'),
  };
}

function asInstalled(threads: number): Record<string, string> {
  return { OMP_NUM_THREADS: String(threads), OPENBLAS_NUM_THREADS: String(threads) };
}

/** What OpenBLAS is best to take the processor for: it doesn’t know every new one. Undefined where it can’t help. */
export function coreType(): string | undefined {
  const flags = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.split(' ') ?? [];
  if (flags.includes('avx512f')) return 'SkylakeX';
  return flags.includes('avx2') ? 'Haswell' : undefined;
}
