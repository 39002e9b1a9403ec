import { cast, gather } from '@tensorflow/tfjs-core';
import type { LayerFunction } from '../layer.ts';

/** Ids `[batch, length]` → their vectors `[batch, length, outputDim]`. The ids' range is checked where data enter. */
export const embedding: LayerFunction<'embedding'> = (_layer, weights, input) =>
  gather(weights.embeddings!, cast(input, 'int32'));
