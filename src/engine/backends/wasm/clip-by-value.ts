import { ClipByValue, type ClipByValueAttrs, type ClipByValueInputs } from '@tensorflow/tfjs-core';
import { defineKernel, floats } from './kernel.ts';

/** The shipped kernel turns NaN into the lower bound, which hides that a training has diverged. */
export function registerClipByValue(): void {
  defineKernel<ClipByValueInputs, ClipByValueAttrs>(
    ClipByValue,
    (wasm, { x }, { clipValueMin, clipValueMax }) => {
      const clipped = wasm.makeOutput(x.shape, 'float32');
      clip(floats(wasm, x), floats(wasm, clipped), clipValueMin, clipValueMax);
      return clipped;
    },
  );
}

function clip(from: Float32Array, to: Float32Array, least: number, greatest: number): void {
  for (let i = 0; i < to.length; i++) to[i] = Math.min(Math.max(from[i]!, least), greatest);
}
