import { GatherV2, type GatherV2Attrs, type GatherV2Inputs, util } from '@tensorflow/tfjs-core';
import { defineKernel, existingKernel, floats } from './kernel.ts';

/** Looks rows up in a table, as an embedding does: the shipped kernel takes some 50 ns an element. */
export function registerGather(): void {
  const shipped = existingKernel(GatherV2);
  defineKernel<GatherV2Inputs, GatherV2Attrs>(GatherV2, (wasm, { x, indices }, attributes) => {
    const [axis] = util.parseAxisParam(attributes.axis, x.shape);
    if (axis !== 0 || attributes.batchDims !== 0 || x.dtype !== 'float32') {
      return shipped(wasm, { x, indices }, attributes);
    }
    const [count, ...rowShape] = x.shape as [number, ...number[]];
    const rows = wasm.makeOutput([...indices.shape, ...rowShape], 'float32');
    const ids = wasm.typedArrayFromHeap(indices);
    const outside = ids.find((id) => id < 0 || id >= count);
    if (outside !== undefined) {
      wasm.disposeData(rows.dataId);
      throw new RangeError(`The index ${outside} is outside of a table with ${count} rows.`);
    }
    copyRows(floats(wasm, x), ids, floats(wasm, rows), util.sizeFromShape(rowShape));
    return rows;
  });
}

function copyRows(table: Float32Array, ids: ArrayLike<number>, rows: Float32Array, size: number): void {
  for (let row = 0; row < ids.length; row++) {
    const from = ids[row]! * size;
    for (let i = 0; i < size; i++) rows[row * size + i] = table[from + i]!;
  }
}
