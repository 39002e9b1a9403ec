import { mul, ones, pad, type Tensor, reshape as toShape } from '@tensorflow/tfjs-core';
import { pair, size } from '../../../spec/shapes.ts';
import type { LayerFunction } from '../layer.ts';

export const reshape: LayerFunction<'reshape'> = (layer, _weights, input) =>
  toShape(input, [input.shape[0]!, ...layer.shape]);

export const flatten: LayerFunction<'flatten'> = (_layer, _weights, input) =>
  toShape(input, [input.shape[0]!, size(input.shape.slice(1))]);

/**
 * Repeats rows and columns: `[batch, height, width, channels]` → `[batch, height·rows, width·columns, channels]`.
 * By broadcast products, since the gradient of tfjs's own resizing is wrong for more than one picture.
 */
export const upSampling: LayerFunction<'upSampling'> = (layer, _weights, input) => {
  const [batch, height, width, channels] = input.shape as [number, number, number, number];
  const [rows, columns] = pair(layer.size);
  const taller = repeat(input, batch * height, rows, width * channels);
  const wider = repeat(taller, batch * height * rows * width, columns, channels);
  return toShape(wider, [batch, height * rows, width * columns, channels]);
};

/** Seen as `[count, length]`, each row `times` times: `[count, times, length]`. */
function repeat(value: Tensor, count: number, times: number, length: number): Tensor {
  return mul(toShape(value, [count, 1, length]), ones([1, times, 1]));
}

export const zeroPadding: LayerFunction<'zeroPadding'> = (layer, _weights, input) =>
  pad(input, [[0, 0], ...layer.padding, [0, 0]]);
