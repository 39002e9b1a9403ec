import * as tf from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, it } from 'vitest';
import { BackendUnavailableError } from '../../../src/engine/backends/port.ts';
import { gradientSelfTest } from '../../../src/engine/backends/self-test.ts';
import { startBackend } from '../../../src/engine/backends/start.ts';

describe.each(['wasm', 'cpu'] as const)('gradientSelfTest on %s', (backend) => {
  it('passes, and leaves no tensor behind', async () => {
    await startBackend(backend);
    const before = tf.memory().numTensors;
    await gradientSelfTest();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('gradientSelfTest on a backend with a broken kernel', () => {
  const broken = new Map<string, tf.KernelConfig>();
  afterEach(() => {
    for (const [name, kernel] of broken) replaceKernel(name, kernel);
    broken.clear();
  });

  function replaceKernel(name: string, kernel: tf.KernelConfig): void {
    tf.unregisterKernel(name, 'cpu');
    tf.registerKernel(kernel);
  }

  /** Makes the kernel's first result wrong by half. */
  function breakKernel(name: string): void {
    const kernel = tf.getKernel(name, 'cpu');
    broken.set(name, kernel);
    replaceKernel(name, {
      ...kernel,
      kernelFunc: (call) => {
        const result = kernel.kernelFunc(call) as tf.TensorInfo;
        const { data } = call.backend as { data: tf.DataStorage<{ values: Float32Array }> };
        data.get(result.dataId).values[0]! += 0.5;
        return result;
      },
    });
  }

  it.each([
    ['MaxPoolGrad', 'embedding'],
    ['UnsortedSegmentSum', 'embedding'],
    ['Conv2DBackpropFilter', 'convolution'],
    ['Conv2DBackpropInput', 'embedding'],
    ['DepthwiseConv2dNativeBackpropFilter', 'depthwise convolution'],
    ['DepthwiseConv2dNativeBackpropInput', 'embedding'],
  ])('finds a wrong %s', async (kernelName, layer) => {
    await startBackend('cpu');
    breakKernel(kernelName);
    const refusal = await gradientSelfTest().catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(BackendUnavailableError);
    expect((refusal as Error).message).toContain(
      `cpu backend computes wrongly: the gradient of the ${layer} layer`,
    );
  });
});
