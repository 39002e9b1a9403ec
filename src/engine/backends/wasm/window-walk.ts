import { backend_util } from '@tensorflow/tfjs-core';

/** How a window goes over an image: tfjs's description of a convolution or a pooling, channels last. */
export type Window = backend_util.Conv2DInfo;

export type ImageShape = [number, number, number, number];

interface ConvolutionAttributes {
  strides: number | [number, number];
  dilations?: number | [number, number];
  pad: Parameters<typeof backend_util.computeConv2DInfo>[4];
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/** The window of a convolution over images [batch, height, width, channels]. */
export function convolutionWindow(
  inputShape: number[],
  filterShape: number[],
  { strides, dilations = 1, pad, dimRoundingMode }: ConvolutionAttributes,
  depthwise = false,
): Window {
  return backend_util.computeConv2DInfo(
    inputShape as ImageShape,
    filterShape as ImageShape,
    strides,
    dilations,
    pad,
    dimRoundingMode,
    depthwise,
  );
}

/**
 * A run of neighbouring output pixels and the input pixels that one tap of their windows falls on.
 * @param tap row of the window × its width + column
 * @param input the first input pixel, counted over batch, rows and columns; the next is `strideWidth` further
 * @param output the first output pixel, counted alike; the next is its neighbour
 * @param count how many
 */
export type RunVisitor = (tap: number, input: number, output: number, count: number) => void;

/**
 * Visits what the windows of one output row see, tap by tap, leaving out the padding. Kernels loop over whole
 * runs: a call for every pixel would cost more than the arithmetic where there are few channels.
 */
export function walkOutputRow(window: Window, image: number, row: number, visit: RunVisitor): void {
  const { inHeight, inWidth, outHeight, outWidth, filterHeight, filterWidth, strideWidth } = window;
  const outputStart = (image * outHeight + row) * outWidth;
  for (let i = 0; i < filterHeight; i++) {
    const y = row * window.strideHeight + i * window.dilationHeight - window.padInfo.top;
    if (y < 0 || y >= inHeight) continue;
    const inputStart = (image * inHeight + y) * inWidth;
    for (let j = 0; j < filterWidth; j++) {
      const shift = j * window.dilationWidth - window.padInfo.left;
      const first = Math.max(0, Math.ceil(-shift / strideWidth));
      const end = Math.min(outWidth, Math.floor((inWidth - 1 - shift) / strideWidth) + 1);
      if (first >= end) continue;
      const input = inputStart + first * strideWidth + shift;
      visit(i * filterWidth + j, input, outputStart + first, end - first);
    }
  }
}

/** The same for every row of every image of the batch. */
export function walkBatch(window: Window, visit: RunVisitor): void {
  for (let image = 0; image < window.batchSize; image++) {
    for (let row = 0; row < window.outHeight; row++) walkOutputRow(window, image, row, visit);
  }
}
