import { OneHot, type OneHotAttrs, type OneHotInputs } from '@tensorflow/tfjs-core';
import { defineKernel } from './kernel.ts';

/** The shipped kernel writes integers whatever type is asked for: as float32, its 1 reads 1.4e-45. */
export function registerOneHot(): void {
  defineKernel<OneHotInputs, OneHotAttrs>(
    OneHot,
    (wasm, { indices }, { dtype, depth, onValue, offValue }) => {
      const encoded = wasm.makeOutput([...indices.shape, depth], dtype);
      const from = wasm.typedArrayFromHeap(indices);
      const to = wasm.typedArrayFromHeap(encoded).fill(offValue);
      for (let i = 0; i < from.length; i++) {
        const index = from[i]!;
        if (index >= 0 && index < depth) to[i * depth + index] = onValue;
      }
      return encoded;
    },
  );
}
