import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as core from '@tensorflow/tfjs-core';
import { BackendUnavailableError, type Device } from './port.ts';

const PACKAGE = '@tensorflow/tfjs-node-gpu';
/** The name that the package registers its backend by. */
const BACKEND = 'tensorflow';

/** The part of tfjs that tells where it computes; the package re-exports it, from the same tfjs-core. */
export interface LoadedTensorFlow {
  setBackend(name: string): Promise<boolean>;
  backend(): unknown;
}

/**
 * TensorFlow's C library on CUDA. It counts only when it computes on the GPU: left alone it goes on the CPU
 * without a word where it finds no CUDA 11 or cuDNN 8.
 * @param load gives the package; it is optional, so it may be missing, or be there without its native addon
 * @throws BackendUnavailableError when it is missing, broken, or not on a GPU
 */
export async function startTfjsNodeGpu(load: () => Promise<LoadedTensorFlow> = loadPackage): Promise<Device> {
  const tensorflow = await load().catch((error: unknown) => {
    throw new BackendUnavailableError(`${PACKAGE} can’t be loaded: ${reason(error)}.`, { cause: error });
  });
  if (!(await tensorflow.setBackend(BACKEND)) || !isUsingGpu(tensorflow.backend())) {
    throw new BackendUnavailableError(
      `${PACKAGE} found no GPU that it can use; it needs an NVIDIA GPU, CUDA 11 and cuDNN 8.`,
    );
  }
  return { backend: BACKEND, name: 'TensorFlow on a CUDA GPU', gpu: true };
}

async function loadPackage(): Promise<LoadedTensorFlow> {
  requireAddon();
  // Held in a variable so that the types, which an optional package may not bring, are not asked for.
  const name: string = PACKAGE;
  await import(name);
  return core;
}

/** Without the addon that its install script downloads, loading the package takes a third of a second to fail. */
function requireAddon(): void {
  const manifest = createRequire(import.meta.url).resolve(`${PACKAGE}/package.json`);
  const addon = join(dirname(manifest), 'lib', 'napi-v8', 'tfjs_binding.node');
  if (!existsSync(addon)) throw new Error('its native addon was not downloaded when it was installed');
}

function isUsingGpu(backend: unknown): boolean {
  return (backend as { isUsingGpuDevice?: unknown }).isUsingGpuDevice === true;
}

function reason(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  if (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') return 'it is not installed';
  const message = error instanceof Error ? error.message : String(error);
  return message.split('\n', 1)[0]!.trim().replace(/\.$/, '');
}
