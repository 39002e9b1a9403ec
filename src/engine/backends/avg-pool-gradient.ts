import {
  AvgPoolGrad,
  type AvgPoolGradAttrs,
  backend_util,
  getKernel,
  type KernelBackend,
  Multiply,
  registerKernel,
  type TensorInfo,
  unregisterKernel,
} from '@tensorflow/tfjs-core';

/**
 * Average pooling leaves the padding out of its averages, but tfjs's gradient divides by the whole window
 * everywhere. So the gradient that arrives is scaled first, by window size over what each window really covers.
 * @param backendName of a backend that has tfjs's own kernel: cpu or wasm; TensorFlow's is right
 */
export function repairAvgPoolGradient(backendName: string): void {
  const shipped = getKernel(AvgPoolGrad, backendName);
  unregisterKernel(AvgPoolGrad, backendName);
  registerKernel({
    ...shipped,
    kernelFunc: (call) => {
      const backend = call.backend as KernelBackend;
      const input = call.inputs.input!;
      const { filterSize, strides, pad } = call.attrs as unknown as AvgPoolGradAttrs;
      const shape = input.shape as [number, number, number, number];
      const window = backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad);
      const scale = tensorOf(backend, windowSizeOverCover(window), [1, window.outHeight, window.outWidth, 1]);
      const multiply = getKernel(Multiply, backendName).kernelFunc;
      const dy = multiply({ inputs: { a: call.inputs.dy, b: scale }, backend }) as TensorInfo;
      const gradient = shipped.kernelFunc({ ...call, inputs: { input, dy } });
      for (const { dataId } of [scale, dy]) backend.disposeData(dataId);
      return gradient;
    },
  });
}

function tensorOf(backend: KernelBackend, values: Float32Array, shape: number[]): TensorInfo {
  return { dataId: backend.write(values, shape, 'float32'), shape, dtype: 'float32' };
}

function windowSizeOverCover(window: backend_util.Conv2DInfo): Float32Array {
  const { filterHeight, filterWidth, padInfo } = window;
  const rows = covered(window.outHeight, window.strideHeight, padInfo.top, filterHeight, window.inHeight);
  const columns = covered(window.outWidth, window.strideWidth, padInfo.left, filterWidth, window.inWidth);
  return Float32Array.from(
    rows.flatMap((height) => columns.map((width) => (filterHeight * filterWidth) / (height * width))),
  );
}

/** How many input positions each window covers along one axis. */
function covered(windows: number, stride: number, padding: number, size: number, length: number): number[] {
  return Array.from({ length: windows }, (_, i) => {
    const start = i * stride - padding;
    return Math.min(start + size, length) - Math.max(start, 0);
  });
}
