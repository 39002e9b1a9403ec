import { setImmediate as turn } from 'node:timers/promises';
import { findBlas } from '../../../../../src/engine/compile/gemm/find-blas.ts';
import { blasGemm, wasmGemm } from '../../../../../src/engine/compile/gemm/gemm.ts';
import {
  GREATEST_GEMM_SCRATCH_BYTES,
  instantiateKernels,
} from '../../../../../src/engine/compile/kernels/kernels.ts';

/** Multiplies by oneDNN for so many milliseconds, while signals come in, and tells how many were handled. */
const [PAGE, SIZE] = [65536, 256];
const pages = 64 + Math.ceil(GREATEST_GEMM_SCRATCH_BYTES / PAGE);
const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
const small = wasmGemm(instantiateKernels(memory), 48 * PAGE);
const blas = (await findBlas()).find(({ name }) => name === 'onednn')!;
const gemm = blasGemm(blas, memory, small);

let handled = 0;
process.on('SIGUSR2', () => handled++);
process.send!('ready');
const until = performance.now() + Number(process.argv[2]);
while (performance.now() < until) {
  for (let i = 0; i < 10; i++) {
    gemm.multiply(...([SIZE, SIZE, SIZE] as const), PAGE, SIZE, 1, 8 * PAGE, SIZE, 1, 16 * PAGE, SIZE, false);
  }
  await turn();
}
process.send!(handled);
process.disconnect();
