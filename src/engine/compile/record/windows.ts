import { backend_util, type NamedAttrMap, type TensorInfo } from '@tensorflow/tfjs-core';
import type { KernelName, Window } from '../ir/program.ts';
import type { Kernels } from './kernels.ts';
import { type Recorder, sizeOf } from './recorder.ts';

type Shape4D = [number, number, number, number];

/** Convolutions and pools, of pictures `[images, height, width, channels]`. */
export const windows: Kernels = {
  Conv2D: (recorder, { x, filter }, attrs) => {
    const info = convolution(recorder, x!.shape, filter!.shape, attrs);
    if (isPointwise(info)) return mixed(recorder, x!, filter!, info);
    return windowed(recorder, 'conv2d', [x!, filter!], info, info.outShape);
  },
  Conv2DBackpropInput: (recorder, { dy, filter }, attrs) => {
    const info = convolution(recorder, attrs.inputShape as number[], filter!.shape, attrs);
    if (isPointwise(info)) return mixedBack(recorder, dy!, filter!, info);
    return windowed(recorder, 'conv2dInputGradient', [dy!, filter!], info, info.inShape);
  },
  Conv2DBackpropFilter: (recorder, { x, dy }, attrs) => {
    const shape = attrs.filterShape as number[];
    const info = convolution(recorder, x!.shape, shape, attrs);
    if (isPointwise(info)) return mixingGradient(recorder, x!, dy!, info, shape);
    return windowed(recorder, 'conv2dFilterGradient', [x!, dy!], info, shape);
  },
  DepthwiseConv2dNative: (recorder, { x, filter }, attrs) => {
    const info = convolution(recorder, x!.shape, filter!.shape, attrs, true);
    return windowed(recorder, 'depthwise', [x!, filter!], info, info.outShape);
  },
  DepthwiseConv2dNativeBackpropInput: (recorder, { dy, filter }, attrs) => {
    const info = convolution(recorder, attrs.inputShape as number[], filter!.shape, attrs, true);
    return windowed(recorder, 'depthwiseInputGradient', [dy!, filter!], info, info.inShape);
  },
  DepthwiseConv2dNativeBackpropFilter: (recorder, { x, dy }, attrs) => {
    const shape = attrs.filterShape as number[];
    const info = convolution(recorder, x!.shape, shape, attrs, true);
    return windowed(recorder, 'depthwiseFilterGradient', [x!, dy!], info, shape);
  },
  MaxPool: (recorder, { x }, attrs) => {
    const info = pooling(x!.shape, attrs);
    return windowed(recorder, 'maxPool', [x!], info, info.outShape);
  },
  MaxPoolGrad: (recorder, { dy, input, output }, attrs) => {
    const info = pooling(input!.shape, attrs);
    return windowed(recorder, 'maxPoolGradient', [input!, output!, dy!], info, input!.shape);
  },
  AvgPool: (recorder, { x }, attrs) => {
    const info = pooling(x!.shape, attrs);
    return windowed(recorder, 'avgPool', [x!], info, info.outShape);
  },
  AvgPoolGrad: (recorder, { dy, input }, attrs) => {
    const info = pooling(input!.shape, attrs);
    return windowed(recorder, 'avgPoolGradient', [dy!], info, input!.shape);
  },
};

function convolution(
  recorder: Recorder,
  inputShape: readonly number[],
  filterShape: readonly number[],
  { strides, pad, dilations = 1, dimRoundingMode }: NamedAttrMap,
  depthwise = false,
): backend_util.Conv2DInfo {
  const info = backend_util.computeConv2DInfo(
    inputShape as Shape4D,
    filterShape as Shape4D,
    strides as number,
    dilations as number,
    pad as 'same',
    dimRoundingMode as 'floor',
    depthwise,
  );
  if (info.dilationHeight > 1 || info.dilationWidth > 1) recorder.refuse('it has a dilated convolution');
  return info;
}

function pooling(inputShape: readonly number[], attrs: NamedAttrMap): backend_util.Conv2DInfo {
  const { filterSize, strides, pad, dimRoundingMode } = attrs;
  return backend_util.computePool2DInfo(
    inputShape as Shape4D,
    filterSize as number,
    strides as number,
    1,
    pad as 'same',
    dimRoundingMode as 'floor',
  );
}

function windowed(
  recorder: Recorder,
  name: KernelName,
  tensors: readonly TensorInfo[],
  info: backend_util.Conv2DInfo,
  shape: readonly number[],
): TensorInfo {
  const operands = tensors.map((tensor) => recorder.viewOf(tensor));
  const view = recorder.kernel({ name, operands, window: windowOf(info), size: sizeOf(shape) });
  return recorder.tensor(view, shape);
}

function windowOf(info: backend_util.Conv2DInfo): Window {
  return {
    images: info.batchSize,
    height: info.inHeight,
    width: info.inWidth,
    channels: info.inChannels,
    kernelHeight: info.filterHeight,
    kernelWidth: info.filterWidth,
    strideY: info.strideHeight,
    strideX: info.strideWidth,
    top: info.padInfo.top,
    left: info.padInfo.left,
    outHeight: info.outHeight,
    outWidth: info.outWidth,
    outChannels: info.outChannels,
  };
}

/** A 1×1 convolution is a product of matrices. */
function isPointwise(info: backend_util.Conv2DInfo): boolean {
  const { filterHeight, filterWidth, strideHeight, strideWidth } = info;
  return filterHeight * filterWidth * strideHeight * strideWidth === 1;
}

function mixed(
  recorder: Recorder,
  x: TensorInfo,
  filter: TensorInfo,
  info: backend_util.Conv2DInfo,
): TensorInfo {
  const shape = {
    batch: 1,
    m: info.batchSize * info.outHeight * info.outWidth,
    k: info.inChannels,
    n: info.outChannels,
  };
  return recorder.tensor(recorder.matmul(recorder.viewOf(x), recorder.viewOf(filter), shape), info.outShape);
}

function mixedBack(
  recorder: Recorder,
  dy: TensorInfo,
  filter: TensorInfo,
  info: backend_util.Conv2DInfo,
): TensorInfo {
  const { inChannels, outChannels } = info;
  const shape = { batch: 1, m: sizeOf(dy.shape) / outChannels, k: outChannels, n: inChannels };
  const transposed = recorder.transposed(recorder.viewOf(filter), inChannels, outChannels);
  return recorder.tensor(recorder.matmul(recorder.viewOf(dy), transposed, shape), info.inShape);
}

function mixingGradient(
  recorder: Recorder,
  x: TensorInfo,
  dy: TensorInfo,
  { inChannels, outChannels }: backend_util.Conv2DInfo,
  filterShape: readonly number[],
): TensorInfo {
  const rows = sizeOf(dy.shape) / outChannels;
  const shape = { batch: 1, m: inChannels, k: rows, n: outChannels };
  const transposed = recorder.transposed(recorder.viewOf(x), rows, inChannels);
  return recorder.tensor(recorder.matmul(transposed, recorder.viewOf(dy), shape), filterShape);
}
