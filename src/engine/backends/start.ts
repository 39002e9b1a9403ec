import './gradients.ts';
import { BackendUnavailableError, type Device } from './port.ts';

export type BackendName = 'tfjs-node-gpu' | 'wasm' | 'cpu';
export type BackendChoice = 'auto' | BackendName;

/** Each loads its package only when it is started. */
export type Starters = Readonly<Record<BackendName, () => Promise<Device>>>;

const STARTERS: Starters = {
  'tfjs-node-gpu': async () => (await import('./tfjs-node-gpu.ts')).startTfjsNodeGpu(),
  wasm: async () => (await import('./wasm.ts')).startWasm(),
  cpu: async () => (await import('./cpu.ts')).startCpu(),
};

/** What `auto` tries, the fastest first. The pure JavaScript backend is only the tests' reference. */
const AUTO: readonly BackendName[] = ['tfjs-node-gpu', 'wasm'];

/**
 * Makes the backend the one that every tfjs operation of this process runs on.
 * @param choice `auto` takes the GPU where there is one and WebAssembly otherwise; a backend that is named is
 * the one that is started, or none.
 * @throws BackendUnavailableError when the named backend can't be had here
 */
export async function startBackend(choice: BackendChoice, starters: Starters = STARTERS): Promise<Device> {
  if (choice !== 'auto') return starters[choice]();
  const refusals: string[] = [];
  for (const name of AUTO) {
    try {
      return await starters[name]();
    } catch (error) {
      if (!(error instanceof BackendUnavailableError)) throw error;
      refusals.push(error.message);
    }
  }
  throw new BackendUnavailableError(`No backend works on this machine. ${refusals.join(' ')}`);
}
