import { reshape as toShape } from '@tensorflow/tfjs-core';
import { size } from '../../../spec/shapes.ts';
import type { LayerFunction } from '../layer.ts';

export const reshape: LayerFunction<'reshape'> = (layer, _weights, input) =>
  toShape(input, [input.shape[0]!, ...layer.shape]);

export const flatten: LayerFunction<'flatten'> = (_layer, _weights, input) =>
  toShape(input, [input.shape[0]!, size(input.shape.slice(1))]);
