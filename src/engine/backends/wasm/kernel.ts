import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import {
  getKernel,
  type NamedTensorInfoMap,
  registerKernel,
  type TensorInfo,
  unregisterKernel,
} from '@tensorflow/tfjs-core';

export type Wasm = BackendWasm;

/** The tensors that a kernel is given; tfjs's own type takes each of them for optional. */
type Given<Inputs> = { [Name in keyof Inputs]-?: NonNullable<Inputs[Name]> };

/** Computes one operation on tensors that lie in the heap of the WebAssembly module; some put out several. */
export type WasmKernel<Inputs, Attributes, Result extends TensorInfo | TensorInfo[] = TensorInfo> = (
  wasm: Wasm,
  inputs: Given<Inputs>,
  attributes: Attributes,
) => Result;

/** Makes this the wasm backend's kernel of that name, in place of the one it may have had. */
export function defineKernel<Inputs, Attributes>(
  kernelName: string,
  kernel: WasmKernel<Inputs, Attributes, TensorInfo | TensorInfo[]>,
): void {
  const shipped = getKernel(kernelName, 'wasm');
  if (shipped) unregisterKernel(kernelName, 'wasm');
  registerKernel({
    kernelName,
    backendName: 'wasm',
    // The shipped kernel may still be called by ours, so what it set up is still needed.
    ...(shipped?.setupFunc && { setupFunc: shipped.setupFunc }),
    kernelFunc: ({ inputs, backend, attrs }) =>
      kernel(backend as Wasm, inputs as unknown as Given<Inputs>, attrs as Attributes),
  });
}

/** The kernel that is registered now, to be called from another one. */
export function existingKernel(kernelName: string): WasmKernel<NamedTensorInfoMap, object> {
  const { kernelFunc } = getKernel(kernelName, 'wasm');
  return (backend, inputs, attributes) =>
    kernelFunc({
      inputs,
      backend,
      attrs: attributes as Parameters<typeof kernelFunc>[0]['attrs'] & object,
    }) as TensorInfo;
}

/**
 * The tensor's elements where they lie in the heap. The heap moves when it grows: ask again after every
 * allocation.
 */
export function floats(wasm: Wasm, tensor: TensorInfo): Float32Array {
  return wasm.typedArrayFromHeap(tensor) as Float32Array;
}

/** The same elements under another shape. It owns nothing and must not be disposed of. */
export function view(tensor: TensorInfo, shape: number[]): TensorInfo {
  return { dataId: tensor.dataId, dtype: tensor.dtype, shape };
}
