import {
  _FusedMatMul,
  BatchMatMul,
  type BatchMatMulAttrs,
  type BatchMatMulInputs,
  Identity,
  type TensorInfo,
  Transpose,
} from '@tensorflow/tfjs-core';
import { defineKernel, existingKernel, type Wasm } from './kernel.ts';

/**
 * The shipped kernels multiply with XNNPACK only what isn't transposed; a transposed factor, and every gradient
 * of a dense layer has one, takes a plain loop that is some 17 times slower. So transpose first.
 */
export function registerMatMul(): void {
  for (const name of [BatchMatMul, _FusedMatMul]) {
    const multiply = existingKernel(name);
    defineKernel<BatchMatMulInputs, BatchMatMulAttrs>(name, (wasm, inputs, attributes) => {
      const a = attributes.transposeA ? transposed(wasm, inputs.a) : inputs.a;
      const b = attributes.transposeB ? transposed(wasm, inputs.b) : packable(wasm, inputs.b);
      const untransposed = { ...attributes, transposeA: false, transposeB: false };
      const product = multiply(wasm, { ...inputs, a, b }, untransposed);
      if (a !== inputs.a) wasm.disposeData(a.dataId);
      if (b !== inputs.b) wasm.disposeData(b.dataId);
      return product;
    });
  }
}

/** The tensor with its last two axes swapped, to be disposed of. */
function transposed(wasm: Wasm, x: TensorInfo): TensorInfo {
  const axes = x.shape.map((_, axis) => axis);
  const perm = [...axes.slice(0, -2), axes.length - 1, axes.length - 2];
  return existingKernel(Transpose)(wasm, { x }, { perm });
}

/** How many columns a matrix had when it was first multiplied with, by its data. */
const packedColumns = new WeakMap<object, number>();

/**
 * XNNPACK packs the right factor once and finds it again by its data alone: under another shape it would
 * multiply with the old one. So a matrix that was reshaped since is copied.
 */
function packable(wasm: Wasm, b: TensorInfo): TensorInfo {
  const columns = b.shape.at(-1)!;
  const packed = packedColumns.get(b.dataId);
  if (packed === undefined) packedColumns.set(b.dataId, columns);
  return packed === undefined || packed === columns ? b : existingKernel(Identity)(wasm, { x: b }, {});
}
