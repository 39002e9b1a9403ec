import { type Infer, pair, requireImage, requireSequence } from './shape.ts';
import { bias, kernel, kernelAndBias, slopes } from './weights.ts';
import { slide, slideAlong, spreadAlong } from './windows.ts';

export const conv1d: Infer<'conv1d'> = (layer, input) => {
  const [, channels] = requireSequence(input);
  const { filters, kernelSize, strides, padding } = layer;
  const fans: [number, number] = [kernelSize * channels, kernelSize * filters];
  return {
    // Causal padding makes as many places as `same` does.
    outputShape: slideAlong(input, kernelSize, strides, padding === 'valid' ? 'valid' : 'same', filters),
    weights: kernelAndBias(layer, [kernelSize, channels, filters], fans, filters),
  };
};

export const conv2d: Infer<'conv2d'> = (layer, input) => {
  const [, , channels] = requireImage(input);
  const [height, width] = pair(layer.kernelSize);
  const fans: [number, number] = [height * width * channels, height * width * layer.filters];
  return {
    outputShape: slide(input, layer.kernelSize, layer.strides, layer.padding, layer.filters),
    weights: kernelAndBias(layer, [height, width, channels, layer.filters], fans, layer.filters),
  };
};

/** The convolution that would take its output to its input; its kernel is [height, width, filters, channels]. */
export const conv2dTranspose: Infer<'conv2dTranspose'> = (layer, input) => {
  const [inputHeight, inputWidth, channels] = requireImage(input);
  const [height, width] = pair(layer.kernelSize);
  const [strideY, strideX] = pair(layer.strides);
  // Fans as Keras counts them, from the kernel's last two axes, though filters are what comes out.
  const fans: [number, number] = [height * width * layer.filters, height * width * channels];
  return {
    outputShape: [
      spreadAlong(inputHeight, height, strideY, layer.padding),
      spreadAlong(inputWidth, width, strideX, layer.padding),
      layer.filters,
    ],
    weights: kernelAndBias(layer, [height, width, layer.filters, channels], fans, layer.filters),
  };
};

export const depthwiseConv2d: Infer<'depthwiseConv2d'> = (layer, input) => {
  const [, , channels] = requireImage(input);
  const [height, width] = pair(layer.kernelSize);
  const outputs = channels * layer.depthMultiplier;
  // Each output channel sees one input channel only.
  const fans: [number, number] = [height * width, height * width * layer.depthMultiplier];
  return {
    outputShape: slide(input, layer.kernelSize, layer.strides, layer.padding, outputs),
    weights: kernelAndBias(layer, [height, width, channels, layer.depthMultiplier], fans, outputs),
  };
};

export const separableConv2d: Infer<'separableConv2d'> = (layer, input) => {
  const [, , channels] = requireImage(input);
  const [height, width] = pair(layer.kernelSize);
  const { filters, depthMultiplier } = layer;
  const middle = channels * depthMultiplier;
  const depthFans: [number, number] = [height * width, height * width * depthMultiplier];
  return {
    outputShape: slide(input, layer.kernelSize, layer.strides, layer.padding, filters),
    weights: [
      kernel(layer, 'depthwiseKernel', [height, width, channels, depthMultiplier], depthFans),
      kernel(layer, 'pointwiseKernel', [1, 1, middle, filters], [middle, filters]),
      ...bias(layer, filters),
      ...slopes(layer.activation, filters),
    ],
  };
};
