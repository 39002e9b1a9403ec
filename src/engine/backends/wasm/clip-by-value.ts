import { ClipByValue, type ClipByValueAttrs, type ClipByValueInputs } from '@tensorflow/tfjs-core';
import { defineKernel, floats } from './kernel.ts';

/** The shipped kernel turns NaN into the lower bound, which hides that a training has diverged. */
export function registerClipByValue(): void {
  defineKernel<ClipByValueInputs, ClipByValueAttrs>(
    ClipByValue,
    (wasm, { x }, { clipValueMin, clipValueMax }) => {
      const clipped = wasm.makeOutput(x.shape, 'float32');
      const from = floats(wasm, x);
      const to = floats(wasm, clipped);
      for (let i = 0; i < to.length; i++) {
        to[i] = Math.min(Math.max(from[i]!, clipValueMin), clipValueMax);
      }
      return clipped;
    },
  );
}
