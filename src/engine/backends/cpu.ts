import '@tensorflow/tfjs-backend-cpu';
import { enableProdMode, setBackend } from '@tensorflow/tfjs-core';
import { repairAvgPoolGradient } from './avg-pool-gradient.ts';
import type { Device } from './port.ts';
import { processorName } from './processor.ts';

repairAvgPoolGradient('cpu');

/** tfjs in pure JavaScript: slow, and the reference that the tests hold the others against. */
export async function startCpu(): Promise<Device> {
  // Or its first use prints an advertisement.
  enableProdMode();
  await setBackend('cpu');
  return { backend: 'cpu', name: `pure JavaScript on ${processorName()}`, gpu: false };
}
