import type { LayerSpec, LayerType, NamedLayer } from './layer.ts';
import { flatten, reshape, upSampling, zeroPadding } from './shapes/arrangement.ts';
import { conv1d, conv2d, conv2dTranspose, depthwiseConv2d, separableConv2d } from './shapes/convolution.ts';
import { dense, embedding } from './shapes/dense.ts';
import { concat, mergeEqual } from './shapes/merge.ts';
import { batchNorm, layerNorm } from './shapes/normalization.ts';
import { globalPool, pool } from './shapes/pooling.ts';
import { gru, lstm, simpleRnn } from './shapes/recurrent.ts';
import { type Infer, type Shape, same, size, text, type WeightShape } from './shapes/shape.ts';
import { slopes } from './shapes/weights.ts';
import { inputsOf } from './wiring.ts';

/**
 * Shapes and weights of every layer: pure arithmetic over the spec, for `validate`, for the builder
 * and for the page alike. Shapes leave out the batch axis.
 */

export { featureAxis, pair, size, type WeightShape } from './shapes/shape.ts';
export { spreadAlong } from './shapes/windows.ts';

export interface LayerShape {
  readonly name: string;
  readonly type: LayerType;
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  readonly weights: readonly WeightShape[];
  readonly parameters: number;
  /** About how many numbers of one example training keeps for its gradient. */
  readonly kept: number;
}

/** A layer that can't take what comes before it. `layerIndex` counts within the list that was given. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError';
  readonly layerIndex: number;
  readonly layerName: string;

  constructor(layerIndex: number, layerName: string, message: string) {
    super(message);
    this.layerIndex = layerIndex;
    this.layerName = layerName;
  }
}

/**
 * Follows shapes through a network's layers, each of which comes after those that it takes.
 * @throws ShapeError that names the first layer which can't take its input
 */
export function inferShapes(inputShape: Shape, layers: readonly NamedLayer[]): LayerShape[] {
  const inferred: LayerShape[] = [];
  for (const [index, layer] of layers.entries()) {
    try {
      const inputs = inputsOf(layers, index).map((i) => (i === -1 ? inputShape : inferred[i]!.outputShape));
      inferred.push(inferLayer(layer, inputs));
    } catch (error) {
      const { name, type } = layer;
      throw new ShapeError(index, name, `layer “${name}” (${type}): ${(error as Error).message}`);
    }
  }
  return inferred;
}

function inferLayer(layer: NamedLayer, inputs: readonly Shape[]): LayerShape {
  const [inputShape] = inputs as [Shape];
  if (inputs.length > 1 && !MERGING.has(layer.type))
    throw new Error(`takes one input, and gets ${inputs.map(text).join(', ')}`);
  const infer = INFER[layer.type] as Infer<LayerType>;
  const { outputShape, weights = [], kept = size(outputShape) } = infer(layer, inputShape, inputs);
  checkSizes(outputShape, weights);
  const parameters = weights.reduce((sum, weight) => sum + size(weight.shape), 0);
  return { name: layer.name, type: layer.type, inputShape, outputShape, weights, parameters, kept };
}

/** What no memory holds: 2³⁰ numbers are 4 GiB. */
const MOST_NUMBERS = 2 ** 30;

function checkSizes(outputShape: Shape, weights: readonly WeightShape[]): void {
  const [largest] = [outputShape, ...weights.map(({ shape }) => shape)].filter(
    (shape) => size(shape) > MOST_NUMBERS,
  );
  if (largest) throw new Error(`${text(largest)} is more than memory can hold`);
}

const MERGING: ReadonlySet<LayerSpec['type']> = new Set([
  'add',
  'subtract',
  'multiply',
  'average',
  'maximum',
  'concat',
]);

const INFER: { [T in LayerType]: Infer<T> } = {
  dense,
  conv1d,
  conv2d,
  conv2dTranspose,
  depthwiseConv2d,
  separableConv2d,
  maxPool: pool,
  avgPool: pool,
  globalMaxPool: globalPool,
  globalAvgPool: globalPool,
  flatten,
  reshape,
  upSampling,
  zeroPadding,
  batchNorm,
  layerNorm,
  activation: (layer, input) => ({
    outputShape: input,
    weights: slopes(layer.activation, input.at(-1)!),
  }),
  dropout: same,
  spatialDropout: (_layer, input) => {
    if (input.length < 2)
      throw new Error(`drops whole channels, so it wants a channel axis; it gets ${text(input)}`);
    return { outputShape: input };
  },
  alphaDropout: same,
  gaussianNoise: same,
  embedding,
  simpleRnn,
  lstm,
  gru,
  add: mergeEqual,
  subtract: mergeEqual,
  multiply: mergeEqual,
  average: mergeEqual,
  maximum: mergeEqual,
  concat,
};
