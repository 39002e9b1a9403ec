import type { Device } from '../../src/engine/backends/port.ts';
import { gradientSelfTest } from '../../src/engine/backends/self-test.ts';
import { type BackendChoice, startBackend } from '../../src/engine/backends/start.ts';
import type { Crew } from '../../src/engine/compile/run/crew.ts';
import { compiles, openCrew } from '../../src/engine/compile/start.ts';
import type { Compilation } from '../../src/spec/compilation.ts';
import type { StartTraining } from '../../src/spec/trainer.ts';

/** What a trainer computes with. */
export interface TrainingEngine {
  readonly device: Device;
  /** The threads that steps are compiled for; undefined where they are computed op by op. */
  readonly crew: Crew | undefined;
}

/** @throws BackendUnavailableError where the backend can't be had here, or computes wrongly */
export async function startEngine({
  backend,
  compilation,
}: Pick<StartTraining, 'backend' | 'compilation'>): Promise<TrainingEngine> {
  const device = await startBackend(backend as BackendChoice);
  await gradientSelfTest();
  if (!compilation || !compiles(device)) return { device, crew: undefined };
  const name = `${device.name}, ${inWords(compilation)}`;
  return { device: { ...device, name }, crew: await openCrew(compilation) };
}

/** How many threads sum up, and what multiplies, is how numbers are rounded. */
function inWords({ threads, gemm }: Compilation): string {
  return `${threads === 1 ? 'one thread' : `${threads} threads`}, ${gemm}`;
}
