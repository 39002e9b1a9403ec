import {
  backend_util,
  MaxPoolGrad,
  type MaxPoolGradAttrs,
  type MaxPoolGradInputs,
} from '@tensorflow/tfjs-core';
import { defineKernel, floats, type WasmKernel } from './kernel.ts';
import { type Window, walkBatch } from './window-walk.ts';

/**
 * The gradient of max pooling goes to the first greatest element of each window. The shipped kernel starts its
 * search at 0, so a window without a positive value sends it to its first element instead.
 */
export function registerMaxPoolGradient(): void {
  defineKernel(MaxPoolGrad, maxPoolGradient);
}

const maxPoolGradient: WasmKernel<MaxPoolGradInputs, MaxPoolGradAttrs> = (wasm, inputs, attributes) => {
  const { filterSize, strides, pad, dimRoundingMode } = attributes;
  const shape = inputs.input.shape as [number, number, number, number];
  const window = backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
  const gradient = wasm.makeOutput(shape, 'float32');
  const dx = floats(wasm, gradient).fill(0);
  const dy = floats(wasm, inputs.dy);
  const winners = winnersOf(window, floats(wasm, inputs.input));
  for (let i = 0; i < winners.length; i++) dx[winners[i]!]! += dy[i]!;
  return gradient;
};

/** For each output element, the input element that it was taken from. */
function winnersOf(window: Window, x: Float32Array): Int32Array {
  const { inChannels, strideWidth } = window;
  const size = window.batchSize * window.outHeight * window.outWidth * inChannels;
  const winners = new Int32Array(size);
  const greatest = new Float32Array(size).fill(-Infinity);
  walkBatch(window, (_tap, input, output, count) => {
    for (let pixel = 0; pixel < count; pixel++) {
      const from = (input + pixel * strideWidth) * inChannels;
      keepGreater(x, from, greatest, winners, (output + pixel) * inChannels, inChannels);
    }
  });
  return winners;
}

function keepGreater(
  x: Float32Array,
  from: number,
  greatest: Float32Array,
  winners: Int32Array,
  at: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    const value = x[from + i]!;
    if (value <= greatest[at + i]!) continue;
    greatest[at + i] = value;
    winners[at + i] = from + i;
  }
}
