import type { Compilation, GemmReport } from '../../spec/compilation.ts';
import type { Device } from '../backends/port.ts';
import { chooseGemm, type GemmPreference } from './gemm/choose-gemm.ts';
import { GREATEST_GEMM_SCRATCH_BYTES, instantiateKernels } from './kernels/kernels.ts';
import { type Crew, startCrew } from './run/crew.ts';
import { createMachine, PAGE } from './run/machine.ts';

/** Whether programs are compiled beside this backend: on a processor, where tfjs itself is slow. */
export function compiles({ backend }: Device): boolean {
  return backend === 'wasm';
}

/** Finds out what multiplies fastest on this machine, by a short self-test. */
export async function testGemm(preference: GemmPreference): Promise<GemmReport> {
  const pages = 1 + Math.ceil(GREATEST_GEMM_SCRATCH_BYTES / PAGE);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const wish = { memory, kernels: instantiateKernels(memory), scratch: PAGE, preference };
  return (await chooseGemm(wish)).report;
}

/** The threads that compiled programs of this process run on. */
export async function openCrew({ threads, gemm }: Compilation): Promise<Crew> {
  return startCrew(await createMachine(threads, gemm), threads);
}
