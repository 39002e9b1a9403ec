import {
  backend_util,
  SplitV,
  type SplitVAttrs,
  type SplitVInputs,
  type TensorInfo,
  Unpack,
  type UnpackAttrs,
  type UnpackInputs,
  util,
} from '@tensorflow/tfjs-core';
import { defineKernel, type Wasm } from './kernel.ts';

/**
 * Takes tensors apart along an axis. The shipped kernels copy the whole tensor for each of its parts, so that
 * unstacking a sequence takes time by the square of its length.
 */
export function registerSplits(): void {
  defineKernel<SplitVInputs, SplitVAttrs>(SplitV, (wasm, { x }, attributes) => {
    const [axis] = util.parseAxisParam(attributes.axis, x.shape) as [number];
    const lengths = backend_util.prepareSplitSize(x, attributes.numOrSizeSplits, axis);
    const shapes = lengths.map((length) => x.shape.with(axis, length));
    return partsOf(wasm, x, axis, shapes);
  });
  defineKernel<UnpackInputs, UnpackAttrs>(Unpack, (wasm, { value }, attributes) => {
    const [axis] = util.parseAxisParam(attributes.axis, value.shape) as [number];
    const shape = value.shape.toSpliced(axis, 1);
    return partsOf(wasm, value, axis, Array(value.shape[axis]!).fill(shape));
  });
}

/** Parts that lie side by side along the axis, of these shapes. */
function partsOf(wasm: Wasm, x: TensorInfo, axis: number, shapes: readonly number[][]): TensorInfo[] {
  const parts = shapes.map((shape) => wasm.makeOutput(shape, x.dtype));
  const rows = util.sizeFromShape(x.shape.slice(0, axis));
  const rowLength = util.sizeFromShape(x.shape.slice(axis));
  const whole = wasm.typedArrayFromHeap(x);
  let start = 0;
  for (const part of parts) {
    const length = util.sizeFromShape(part.shape) / rows;
    copyColumns(whole, wasm.typedArrayFromHeap(part), { start, length, rowLength });
    start += length;
  }
  return parts;
}

type Numbers = ReturnType<Wasm['typedArrayFromHeap']>;

function copyColumns(
  from: Numbers,
  to: Numbers,
  { start, length, rowLength }: { start: number; length: number; rowLength: number },
): void {
  for (let at = 0, row = start; at < to.length; at += length, row += rowLength) {
    to.set(from.subarray(row, row + length), at);
  }
}
