import {
  Conv2D,
  Conv2DBackpropInput,
  type Conv2DBackpropInputAttrs,
  type Conv2DBackpropInputInputs,
  DepthwiseConv2dNative,
  DepthwiseConv2dNativeBackpropInput,
  type DepthwiseConv2dNativeBackpropInputAttrs,
  type DepthwiseConv2dNativeBackpropInputInputs,
  Reverse,
  Sum,
  type TensorInfo,
  Transpose,
} from '@tensorflow/tfjs-core';
import { defineKernel, existingKernel, floats, view, type Wasm } from './kernel.ts';
import { convolutionWindow, type Window } from './window-walk.ts';

/**
 * The gradient of a convolution by its input is the convolution of the output's gradient, spread by the strides,
 * with the flipped filter (Dumoulin and Visin 2016, “A guide to convolution arithmetic”, section 4). So XNNPACK
 * computes it: ten times faster than the plain loop that is shipped for conv2d; for depthwise none is shipped.
 */
export function registerInputGradients(): void {
  defineKernel<Conv2DBackpropInputInputs, Conv2DBackpropInputAttrs>(
    Conv2DBackpropInput,
    (wasm, { dy, filter }, attributes) => {
      const window = convolutionWindow(attributes.inputShape, filter.shape, attributes);
      const flipped = existingKernel(Reverse)(wasm, { x: filter }, { dims: [0, 1] });
      const backward = existingKernel(Transpose)(wasm, { x: flipped }, { perm: [0, 1, 3, 2] });
      const gradient = convolveBack(wasm, Conv2D, window, dy, backward);
      for (const { dataId } of [flipped, backward]) wasm.disposeData(dataId);
      return gradient;
    },
  );
  defineKernel<DepthwiseConv2dNativeBackpropInputInputs, DepthwiseConv2dNativeBackpropInputAttrs>(
    DepthwiseConv2dNativeBackpropInput,
    (wasm, { dy, filter }, attributes) => {
      const window = convolutionWindow(attributes.inputShape, filter.shape, attributes, true);
      const flipped = existingKernel(Reverse)(wasm, { x: filter }, { dims: [0, 1] });
      const perOutput = view(flipped, [window.filterHeight, window.filterWidth, window.outChannels, 1]);
      const gradients = convolveBack(wasm, DepthwiseConv2dNative, window, dy, perOutput);
      wasm.disposeData(flipped.dataId);
      return sumMultiplied(wasm, window, gradients);
    },
  );
}

function convolveBack(
  wasm: Wasm,
  kernelName: string,
  window: Window,
  dy: TensorInfo,
  filter: TensorInfo,
): TensorInfo {
  const spread = spreadByStrides(wasm, window, dy);
  const top = window.effectiveFilterHeight - 1 - window.padInfo.top;
  const left = window.effectiveFilterWidth - 1 - window.padInfo.left;
  const [, height, width] = spread.shape as [number, number, number, number];
  const bottom = window.inHeight - height - top + window.effectiveFilterHeight - 1;
  const right = window.inWidth - width - left + window.effectiveFilterWidth - 1;
  const gradient = existingKernel(kernelName)(
    wasm,
    { x: spread, filter },
    {
      strides: [1, 1],
      dilations: [window.dilationHeight, window.dilationWidth],
      // biome-ignore format: one pair an axis
      pad: [[0, 0], [top, bottom], [left, right], [0, 0]],
      dataFormat: 'NHWC',
    },
  );
  if (spread !== dy) wasm.disposeData(spread.dataId);
  return gradient;
}

/** dy with stride − 1 zeros between its rows and columns; itself where there is nothing to put between. */
function spreadByStrides(wasm: Wasm, window: Window, dy: TensorInfo): TensorInfo {
  const { batchSize, outHeight, outWidth, outChannels, strideHeight, strideWidth } = window;
  if (strideHeight === 1 && strideWidth === 1) return dy;
  const height = (outHeight - 1) * strideHeight + 1;
  const width = (outWidth - 1) * strideWidth + 1;
  const spread = wasm.makeOutput([batchSize, height, width, outChannels], 'float32');
  const from = floats(wasm, dy);
  const to = floats(wasm, spread).fill(0);
  let source = 0;
  for (let image = 0; image < batchSize; image++) {
    for (let row = 0; row < outHeight; row++) {
      const start = (image * height + row * strideHeight) * width;
      for (let column = 0; column < outWidth; column++) {
        const target = (start + column * strideWidth) * outChannels;
        for (let channel = 0; channel < outChannels; channel++) to[target + channel] = from[source++]!;
      }
    }
  }
  return spread;
}

/** Each input channel fed as many output channels as the depth multiplier says, which lie side by side. */
function sumMultiplied(wasm: Wasm, window: Window, gradients: TensorInfo): TensorInfo {
  const { inShape, inChannels, outChannels } = window;
  if (inChannels === outChannels) return gradients;
  const grouped = view(gradients, [...inShape, outChannels / inChannels]);
  const summed = existingKernel(Sum)(wasm, { x: grouped }, { axis: 4, keepDims: false });
  wasm.disposeData(gradients.dataId);
  return summed;
}
