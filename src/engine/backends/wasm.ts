import type { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { env, setBackend } from '@tensorflow/tfjs-core';
import { repairAvgPoolGradient } from './avg-pool-gradient.ts';
import { BackendUnavailableError, type Device } from './port.ts';
import { processorName } from './processor.ts';
import { checkAllocations } from './wasm/checked-allocation.ts';
import { registerKernels } from './wasm/register-kernels.ts';

// Both may happen only once in a process, before the backend starts: so when this module is loaded.
const packageFolder = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'));
setWasmPaths(packageFolder + sep);
registerKernels();
repairAvgPoolGradient('wasm');

/** TensorFlow.js on WebAssembly (XNNPACK), on one thread, with our kernels where its own are missing, wrong or slow. */
export async function startWasm(): Promise<Device> {
  // A replica a core beats threads inside an operation, and Node runs tfjs's threads only by accident.
  env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  const started = await withoutProcessHandlers(() => setBackend('wasm'));
  if (!started) throw new BackendUnavailableError('The WebAssembly module of TensorFlow.js did not start.');
  checkAllocations();
  const simd = (await env().getAsync('WASM_HAS_SIMD_SUPPORT')) ? 'wasm SIMD' : 'wasm';
  return { backend: 'wasm', name: `${simd} on ${processorName()}`, gpu: false };
}

const FAILURE_EVENTS = ['uncaughtException', 'unhandledRejection'];

/**
 * Emscripten installs handlers that throw what the process failed to catch; they would turn our exit code 1
 * into Node's 7, “an error in an error handler”, and run before the handlers of the process itself.
 */
async function withoutProcessHandlers<T>(start: () => Promise<T>): Promise<T> {
  const process: EventEmitter = globalThis.process;
  const before = FAILURE_EVENTS.map((event) => process.listeners(event));
  try {
    return await start();
  } finally {
    FAILURE_EVENTS.forEach((event, i) => {
      const added = process.listeners(event).filter((listener) => !before[i]!.includes(listener));
      for (const listener of added) process.off(event, listener as (...args: unknown[]) => void);
    });
  }
}
