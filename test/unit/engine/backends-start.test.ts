import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { BackendUnavailableError, type Device } from '../../../src/engine/backends/port.ts';
import { type Starters, startBackend } from '../../../src/engine/backends/start.ts';
import { type LoadedTensorFlow, startTfjsNodeGpu } from '../../../src/engine/backends/tfjs-node-gpu.ts';

const device = (backend: string): Device => ({ backend, name: backend, gpu: backend === 'tensorflow' });
const unavailable = (message: string) => async () => {
  throw new BackendUnavailableError(message);
};

/** Starters that do nothing but say which one ran. */
const starters = (changes: Partial<Starters> = {}): Starters => ({
  'tfjs-node-gpu': async () => device('tensorflow'),
  wasm: async () => device('wasm'),
  cpu: async () => device('cpu'),
  ...changes,
});

describe('startBackend', () => {
  it('starts wasm on one thread and leaves the process’s own failure handling alone', async () => {
    const handlers = () => ['uncaughtException', 'unhandledRejection'].map((e) => process.listenerCount(e));
    const before = handlers();
    const started = await startBackend('wasm');
    expect(started).toMatchObject({ backend: 'wasm', gpu: false });
    expect(started.name).toMatch(/^wasm SIMD on ./);
    expect(tf.getBackend()).toBe('wasm');
    expect(handlers()).toEqual(before);
    const { getThreadsCount } = await import('@tensorflow/tfjs-backend-wasm');
    expect(getThreadsCount()).toBe(1);
  });

  it('starts the pure JavaScript backend where it is named', async () => {
    expect(await startBackend('cpu')).toMatchObject({ backend: 'cpu', gpu: false });
    expect(tf.getBackend()).toBe('cpu');
  });

  it('finds by itself one that works here, and computes on it', async () => {
    const started = await startBackend('auto');
    expect(tf.getBackend()).toBe(started.backend);
    expect(started.backend).not.toBe('cpu');
    expect(await tf.add(1, 2).data()).toEqual(Float32Array.of(3));
  });

  it('prefers the GPU', async () => {
    expect(await startBackend('auto', starters())).toEqual(device('tensorflow'));
  });

  it('takes wasm where there is no GPU', async () => {
    const noGpu = starters({ 'tfjs-node-gpu': unavailable('no GPU') });
    expect(await startBackend('auto', noGpu)).toEqual(device('wasm'));
  });

  it('never replaces a backend that was asked for', async () => {
    const noGpu = starters({ 'tfjs-node-gpu': unavailable('no GPU') });
    await expect(startBackend('tfjs-node-gpu', noGpu)).rejects.toThrow(new BackendUnavailableError('no GPU'));
  });

  it('says everything it tried when nothing works, and never falls to the reference backend', async () => {
    const none = starters({ 'tfjs-node-gpu': unavailable('No GPU.'), wasm: unavailable('No WebAssembly.') });
    await expect(startBackend('auto', none)).rejects.toThrow(
      'No backend works on this machine. No GPU. No WebAssembly.',
    );
  });

  it('doesn’t take a bug for a missing device', async () => {
    const broken = starters({
      'tfjs-node-gpu': async () => {
        throw new TypeError('a bug');
      },
    });
    await expect(startBackend('auto', broken)).rejects.toThrow(TypeError);
  });
});

describe('startTfjsNodeGpu', () => {
  const loaded = (isUsingGpuDevice: unknown, starts = true): LoadedTensorFlow => ({
    setBackend: async (name) => starts && name === 'tensorflow',
    backend: () => ({ isUsingGpuDevice }),
  });
  const failing = (error: unknown) => async () => {
    throw error;
  };

  it('counts as a GPU where TensorFlow says that it uses one', async () => {
    const started = await startTfjsNodeGpu(async () => loaded(true));
    expect(started).toEqual({ backend: 'tensorflow', name: 'TensorFlow on a CUDA GPU', gpu: true });
  });

  it.each([
    ['TensorFlow fell back to the CPU', async () => loaded(false), /found no GPU/],
    ['TensorFlow doesn’t say what it uses', async () => loaded(undefined), /found no GPU/],
    ['its backend doesn’t start', async () => loaded(true, false), /found no GPU/],
    [
      'the package is not installed',
      failing(Object.assign(new Error('Cannot find package …'), { code: 'ERR_MODULE_NOT_FOUND' })),
      /^@tensorflow\/tfjs-node-gpu can’t be loaded: it is not installed\.$/,
    ],
    [
      'its native addon is missing',
      failing(new Error('The native addon module can not be found at path: x. \nPlease run command …')),
      /can’t be loaded: The native addon module can not be found at path: x\.$/,
    ],
    [
      'a library of CUDA is missing',
      failing(Object.assign(new Error('libcudart.so.11.0: cannot open'), { code: 'ERR_DLOPEN_FAILED' })),
      /can’t be loaded: libcudart\.so\.11\.0: cannot open\.$/,
    ],
    ['it throws what is no error', failing('out of order'), /can’t be loaded: out of order\.$/],
  ])('is unavailable where %s', async (_case, load, message) => {
    const refusal = await startTfjsNodeGpu(load).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(BackendUnavailableError);
    expect((refusal as Error).message).toMatch(message);
  });
});
