import {
  UnsortedSegmentSum,
  type UnsortedSegmentSumAttrs,
  type UnsortedSegmentSumInputs,
  util,
} from '@tensorflow/tfjs-core';
import { defineKernel, floats, type WasmKernel } from './kernel.ts';

/** Adds up the rows of x by their segment: the gradient of an embedding. The wasm backend ships none. */
export function registerSegmentSum(): void {
  defineKernel(UnsortedSegmentSum, segmentSum);
}

/** x: [...ids, ...row], ids: [...ids] int32 → [numSegments, ...row]; a negative id is left out. */
const segmentSum: WasmKernel<UnsortedSegmentSumInputs, UnsortedSegmentSumAttrs> = (
  wasm,
  { x, segmentIds },
  { numSegments },
) => {
  const rowShape = x.shape.slice(segmentIds.shape.length);
  const rowSize = util.sizeFromShape(rowShape);
  const sums = wasm.makeOutput([numSegments, ...rowShape], x.dtype);
  const from = floats(wasm, x);
  const ids = wasm.typedArrayFromHeap(segmentIds);
  const to = floats(wasm, sums).fill(0);
  for (let row = 0; row < ids.length; row++) {
    const segment = ids[row]!;
    if (segment < 0) continue;
    const source = row * rowSize;
    const target = segment * rowSize;
    for (let i = 0; i < rowSize; i++) to[target + i]! += from[source + i]!;
  }
  return sums;
};
