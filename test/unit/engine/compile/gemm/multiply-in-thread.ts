import { workerData } from 'node:worker_threads';
import { findBlas } from '../../../../../src/engine/compile/gemm/find-blas.ts';
import { blasGemm } from '../../../../../src/engine/compile/gemm/gemm.ts';

// What a worker thread of the test runs: squares the matrix [2, 2] at 65536, to 16 bytes after it.
const { memory, name } = workerData as { memory: WebAssembly.Memory; name: string };
const blas = (await findBlas()).find((it) => it.name === name)!;
const gemm = blasGemm(blas, memory, { name: 'none', multiply: () => undefined }, 0);
gemm.multiply(2, 2, 2, 65536, 2, 1, 65536, 2, 1, 65552, 2, false);
