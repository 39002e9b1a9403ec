import {
  DepthwiseConv2dNativeBackpropFilter,
  type DepthwiseConv2dNativeBackpropFilterAttrs,
  type DepthwiseConv2dNativeBackpropFilterInputs,
} from '@tensorflow/tfjs-core';
import { defineKernel, floats } from './kernel.ts';
import { convolutionWindow, type Window, walkBatch } from './window-walk.ts';

/** The gradient of a depthwise convolution by its filter, [height, width, in, multiplier]; the wasm backend ships none. */
export function registerDepthwiseFilterGradient(): void {
  defineKernel<DepthwiseConv2dNativeBackpropFilterInputs, DepthwiseConv2dNativeBackpropFilterAttrs>(
    DepthwiseConv2dNativeBackpropFilter,
    (wasm, { x, dy }, attributes) => {
      const { filterShape } = attributes;
      const window = convolutionWindow(x.shape, filterShape, attributes, true);
      const gradient = wasm.makeOutput(filterShape, 'float32');
      floats(wasm, gradient).set(correlate(window, floats(wasm, x), floats(wasm, dy)));
      return gradient;
    },
  );
}

/** dF[tap, c, m] = Σ over the output pixels of x[c] · dy[c, m]. */
function correlate(window: Window, x: Float32Array, dy: Float32Array): Float64Array {
  const { inChannels, outChannels, strideWidth, filterHeight, filterWidth } = window;
  const multiplier = outChannels / inChannels;
  const sums = new Float64Array(filterHeight * filterWidth * outChannels);
  walkBatch(window, (tap, input, output, count) => {
    for (let channel = 0; channel < outChannels; channel++) {
      const from = input * inChannels + Math.floor(channel / multiplier);
      const at = output * outChannels + channel;
      const sum = dot(x, from, strideWidth * inChannels, dy, at, outChannels, count);
      sums[tap * outChannels + channel]! += sum;
    }
  });
  return sums;
}

/** Σ x[from + i · xStep] · y[at + i · yStep], i < count; by itself because V8 makes it four times as fast so. */
function dot(
  x: Float32Array,
  from: number,
  xStep: number,
  y: Float32Array,
  at: number,
  yStep: number,
  count: number,
): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += x[from + i * xStep]! * y[at + i * yStep]!;
  return sum;
}
