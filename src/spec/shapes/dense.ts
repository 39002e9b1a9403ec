import { type Infer, requireRank } from './shape.ts';
import { kernelAndBias, penalties, weight } from './weights.ts';

export const dense: Infer<'dense'> = (layer, input) => {
  requireRank(input, 1, 'put a flatten layer before it');
  const [features] = input as [number];
  return {
    outputShape: [layer.units],
    weights: kernelAndBias(layer, [features, layer.units], [features, layer.units], layer.units),
  };
};

export const embedding: Infer<'embedding'> = (layer, input) => {
  requireRank(input, 1, 'it takes a list of ids');
  const { inputDim, outputDim } = layer;
  const initializer = layer.initializer ?? { type: 'uniform', low: -0.05, high: 0.05 };
  const table = weight('embeddings', [inputDim, outputDim], initializer, [inputDim, outputDim]);
  return { outputShape: [...input, outputDim], weights: [{ ...table, ...penalties(layer) }] };
};
