import {
  Conv2D,
  type Conv2DAttrs,
  type Conv2DInputs,
  DepthwiseConv2dNative,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { defineKernel, existingKernel } from './kernel.ts';
import { convolutionWindow } from './window-walk.ts';

/**
 * XNNPACK reckons what `same` pads in unsigned numbers. Where windows lie further apart than they are long and the
 * last one ends before the input does, that wraps round and the windows see zeros. Told the padding in numbers,
 * it takes them as they are.
 */
export function registerSamePadding(): void {
  for (const kernelName of [Conv2D, DepthwiseConv2dNative]) {
    const shipped = existingKernel(kernelName);
    defineKernel<Conv2DInputs, Conv2DAttrs>(kernelName, (wasm, { x, filter }, attributes) => {
      const { pad } = attributes;
      const isDepthwise = kernelName === DepthwiseConv2dNative;
      const inNumbers = pad === 'same' ? paddingOf(x, filter, attributes, isDepthwise) : pad;
      return shipped(wasm, { x, filter }, { ...attributes, pad: inNumbers });
    });
  }
}

function paddingOf(x: TensorInfo, filter: TensorInfo, attributes: Conv2DAttrs, isDepthwise: boolean) {
  const { padInfo } = convolutionWindow(x.shape, filter.shape, attributes, isDepthwise);
  const { top, bottom, left, right } = padInfo;
  // biome-ignore format: one pair an axis
  return [[0, 0], [top, bottom], [left, right], [0, 0]];
}
