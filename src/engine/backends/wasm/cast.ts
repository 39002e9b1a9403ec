import { Cast, type CastAttrs, type CastInputs } from '@tensorflow/tfjs-core';
import { defineKernel, existingKernel } from './kernel.ts';

/** The shipped kernel cuts a number down to a byte where a boolean is asked for: 0.5 becomes 0, and 2 stays 2. */
export function registerCast(): void {
  const shipped = existingKernel(Cast);
  defineKernel<CastInputs, CastAttrs>(Cast, (wasm, { x }, { dtype }) => {
    if (dtype !== 'bool') return shipped(wasm, { x }, { dtype });
    const cast = wasm.makeOutput(x.shape, dtype);
    const from = wasm.typedArrayFromHeap(x);
    const to = wasm.typedArrayFromHeap(cast);
    for (let i = 0; i < to.length; i++) to[i] = from[i] === 0 ? 0 : 1;
    return cast;
  });
}
