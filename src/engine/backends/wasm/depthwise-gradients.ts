import {
  DepthwiseConv2dNativeBackpropFilter,
  type DepthwiseConv2dNativeBackpropFilterAttrs,
  type DepthwiseConv2dNativeBackpropFilterInputs,
  DepthwiseConv2dNativeBackpropInput,
  type DepthwiseConv2dNativeBackpropInputAttrs,
  type DepthwiseConv2dNativeBackpropInputInputs,
} from '@tensorflow/tfjs-core';
import { defineKernel, floats, type WasmKernel } from './kernel.ts';
import { convolutionWindow, type Window, walkBatch } from './window-walk.ts';

/** Both gradients of a depthwise convolution; the wasm backend ships neither. */
export function registerDepthwiseGradients(): void {
  defineKernel(DepthwiseConv2dNativeBackpropFilter, filterGradient);
  defineKernel(DepthwiseConv2dNativeBackpropInput, inputGradient);
}

const filterGradient: WasmKernel<
  DepthwiseConv2dNativeBackpropFilterInputs,
  DepthwiseConv2dNativeBackpropFilterAttrs
> = (wasm, inputs, attributes) => {
  const { filterShape } = attributes;
  const window = convolutionWindow(inputs.x.shape, filterShape, attributes, true);
  const gradient = wasm.makeOutput(filterShape, 'float32');
  accumulateFilter(window, floats(wasm, inputs.x), floats(wasm, inputs.dy), floats(wasm, gradient).fill(0));
  return gradient;
};

const inputGradient: WasmKernel<
  DepthwiseConv2dNativeBackpropInputInputs,
  DepthwiseConv2dNativeBackpropInputAttrs
> = (wasm, inputs, attributes) => {
  const { inputShape } = attributes;
  const window = convolutionWindow(inputShape, inputs.filter.shape, attributes, true);
  const gradient = wasm.makeOutput(inputShape, 'float32');
  accumulateInput(
    window,
    floats(wasm, inputs.filter),
    floats(wasm, inputs.dy),
    floats(wasm, gradient).fill(0),
  );
  return gradient;
};

/** dF[tap, c, m] = Σ over the output pixels of x[c] · dy[c, m]. */
function accumulateFilter(window: Window, x: Float32Array, dy: Float32Array, gradient: Float32Array): void {
  const { inChannels, outChannels, strideWidth } = window;
  const multiplier = outChannels / inChannels;
  walkBatch(window, (tap, input, output, count) => {
    for (let pixel = 0; pixel < count; pixel++) {
      let from = (input + pixel * strideWidth) * inChannels;
      let at = (output + pixel) * outChannels;
      let to = tap * outChannels;
      for (let channel = 0; channel < inChannels; channel++) {
        const value = x[from++]!;
        for (let m = 0; m < multiplier; m++) gradient[to++]! += value * dy[at++]!;
      }
    }
  });
}

/** dx[c] = Σ over the taps and multipliers of F[tap, c, m] · dy[c, m]. */
function accumulateInput(
  window: Window,
  filter: Float32Array,
  dy: Float32Array,
  gradient: Float32Array,
): void {
  const { inChannels, outChannels, strideWidth } = window;
  const multiplier = outChannels / inChannels;
  walkBatch(window, (tap, input, output, count) => {
    for (let pixel = 0; pixel < count; pixel++) {
      let to = (input + pixel * strideWidth) * inChannels;
      let at = (output + pixel) * outChannels;
      let weight = tap * outChannels;
      for (let channel = 0; channel < inChannels; channel++) {
        let sum = 0;
        for (let m = 0; m < multiplier; m++) sum += filter[weight++]! * dy[at++]!;
        gradient[to++]! += sum;
      }
    }
  });
}
