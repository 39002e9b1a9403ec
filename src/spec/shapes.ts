import type { Activation } from './activation.ts';
import { defaultInitializer, type Initializer } from './initializer.ts';
import type { LayerOf, LayerType, NamedLayer } from './layer.ts';

/**
 * Output shapes and weights of every layer: pure arithmetic over the spec, for `validate`, for the builder
 * and for the page alike. Shapes leave out the batch axis.
 */

type Shape = readonly number[];

/** One weight tensor of a layer, before it is made. */
export interface WeightShape {
  /** Local name: `kernel`, `bias`, `gamma`, … The full name is `<layer>/<weight>`. */
  readonly name: string;
  readonly shape: Shape;
  readonly initializer: Initializer;
  /** Fan-in and fan-out that scale the initializer. */
  readonly fans: readonly [number, number];
  /** False for moving statistics, which the optimizer never touches. */
  readonly trainable: boolean;
  readonly l1: number;
  readonly l2: number;
  readonly maxNorm?: number;
}

export interface LayerShape {
  readonly name: string;
  readonly type: LayerType;
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  readonly weights: readonly WeightShape[];
  readonly parameters: number;
}

/** A layer that can't take the shape before it. `layerIndex` counts within the list that was given. */
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

interface Inferred {
  outputShape: Shape;
  weights?: WeightShape[];
}
type Infer<T extends LayerType> = (layer: LayerOf<T> & { name: string }, input: Shape) => Inferred;

/**
 * Follows a shape through layers, from the lowest up.
 * @throws ShapeError that names the first layer which can't take its input
 */
export function inferShapes(inputShape: Shape, layers: readonly NamedLayer[]): LayerShape[] {
  let shape = inputShape;
  return layers.map((layer, index) => {
    const inputShape = shape;
    try {
      const { outputShape, weights = [] } = (INFER[layer.type] as Infer<LayerType>)(layer, inputShape);
      shape = outputShape;
      const parameters = weights.reduce((sum, weight) => sum + size(weight.shape), 0);
      return { name: layer.name, type: layer.type, inputShape, outputShape, weights, parameters };
    } catch (error) {
      throw new ShapeError(
        index,
        layer.name,
        `layer “${layer.name}” (${layer.type}): ${(error as Error).message}`,
      );
    }
  });
}

export function size(shape: Shape): number {
  return shape.reduce((product, n) => product * n, 1);
}

const INFER: { [T in LayerType]: Infer<T> } = {
  dense: (layer, input) => {
    requireRank(input, 1, 'put a flatten layer before it');
    const [features] = input as [number];
    return {
      outputShape: [layer.units],
      weights: kernelAndBias(layer, [features, layer.units], [features, layer.units], layer.units),
    };
  },
  conv2d: (layer, input) => {
    const [, , channels] = requireImage(input);
    const [height, width] = pair(layer.kernelSize);
    const fans: [number, number] = [height * width * channels, height * width * layer.filters];
    return {
      outputShape: slide(input, layer.kernelSize, layer.strides, layer.padding, layer.filters),
      weights: kernelAndBias(layer, [height, width, channels, layer.filters], fans, layer.filters),
    };
  },
  depthwiseConv2d: (layer, input) => {
    const [, , channels] = requireImage(input);
    const [height, width] = pair(layer.kernelSize);
    const outputs = channels * layer.depthMultiplier;
    // Each output channel sees one input channel only.
    const fans: [number, number] = [height * width, height * width * layer.depthMultiplier];
    return {
      outputShape: slide(input, layer.kernelSize, layer.strides, layer.padding, outputs),
      weights: kernelAndBias(layer, [height, width, channels, layer.depthMultiplier], fans, outputs),
    };
  },
  separableConv2d: (layer, input) => {
    const [, , channels] = requireImage(input);
    const [height, width] = pair(layer.kernelSize);
    const middle = channels * layer.depthMultiplier;
    const depthFans: [number, number] = [height * width, height * width * layer.depthMultiplier];
    const depthwise = kernel(
      layer,
      'depthwiseKernel',
      [height, width, channels, layer.depthMultiplier],
      depthFans,
    );
    const pointwise = kernel(
      layer,
      'pointwiseKernel',
      [1, 1, middle, layer.filters],
      [middle, layer.filters],
    );
    return {
      outputShape: slide(input, layer.kernelSize, layer.strides, layer.padding, layer.filters),
      weights: [depthwise, pointwise, ...bias(layer, layer.filters)],
    };
  },
  maxPool: pool,
  avgPool: pool,
  globalMaxPool: globalPool,
  globalAvgPool: globalPool,
  flatten: (_layer, input) => ({ outputShape: [size(input)] }),
  reshape: (layer, input) => {
    if (size(layer.shape) !== size(input)) {
      throw new Error(
        `can’t reshape ${text(input)} (${size(input)} numbers) to ${text(layer.shape)} (${size(layer.shape)} numbers)`,
      );
    }
    return { outputShape: layer.shape };
  },
  batchNorm: (layer, input) => {
    const features = input[featureAxis(layer.axis, input)]!;
    const vector = (name: string, initializer: Initializer, trainable: boolean) =>
      weight(name, [features], initializer, [features, features], trainable);
    return {
      outputShape: input,
      weights: [
        ...(layer.scale ? [vector('gamma', 'ones', true)] : []),
        ...(layer.center ? [vector('beta', 'zeros', true)] : []),
        vector('movingMean', 'zeros', false),
        vector('movingVariance', 'ones', false),
      ],
    };
  },
  activation: same,
  dropout: same,
  spatialDropout: (_layer, input) => {
    if (input.length < 2)
      throw new Error(`drops whole channels, so it wants a channel axis; it gets ${text(input)}`);
    return { outputShape: input };
  },
  alphaDropout: same,
  gaussianNoise: same,
  embedding: (layer, input) => {
    requireRank(input, 1, 'it takes a list of ids');
    const fans: [number, number] = [layer.inputDim, layer.outputDim];
    const initializer = layer.initializer ?? { type: 'uniform', low: -0.05, high: 0.05 };
    return {
      outputShape: [...input, layer.outputDim],
      weights: [
        {
          ...weight('embeddings', [layer.inputDim, layer.outputDim], initializer, fans, true),
          ...penalties(layer),
        },
      ],
    };
  },
};

/** The position of a batch norm's feature axis in a shape without the batch; `axis` counts the batch as 0. */
export function featureAxis(axis: number, shape: Shape): number {
  const position = axis < 0 ? shape.length + axis : axis - 1;
  if (position < 0 || position >= shape.length)
    throw new Error(`has no axis ${axis}: its input is ${text(shape)}`);
  return position;
}

export function pair(value: number | readonly [number, number]): [number, number] {
  return typeof value === 'number' ? [value, value] : [value[0], value[1]];
}

function same(_layer: unknown, input: Shape): Inferred {
  return { outputShape: input };
}

function pool(layer: LayerOf<'maxPool' | 'avgPool'>, input: Shape): Inferred {
  const [, , channels] = requireImage(input);
  return {
    outputShape: slide(input, layer.poolSize, layer.strides ?? layer.poolSize, layer.padding, channels),
  };
}

function globalPool(_layer: unknown, input: Shape): Inferred {
  return { outputShape: [requireImage(input)[2]] };
}

type Window = number | readonly [number, number];

function slide(
  input: Shape,
  windowSize: Window,
  strides: Window,
  padding: 'valid' | 'same',
  channels: number,
): Shape {
  const [windowHeight, windowWidth] = pair(windowSize);
  const [strideY, strideX] = pair(strides);
  const [height, width] = input as [number, number, number];
  const along = (length: number, window: number, stride: number) =>
    padding === 'same' ? Math.ceil(length / stride) : Math.floor((length - window) / stride) + 1;
  const output: Shape = [along(height, windowHeight, strideY), along(width, windowWidth, strideX), channels];
  if (output[0]! < 1 || output[1]! < 1) {
    throw new Error(
      `its ${windowHeight}×${windowWidth} window doesn’t fit into ${text(input)}; use padding “same” or a smaller window`,
    );
  }
  return output;
}

function requireRank(input: Shape, rank: number, remedy: string): void {
  if (input.length !== rank)
    throw new Error(`wants ${rank} dimension${rank === 1 ? '' : 's'} and gets ${text(input)}: ${remedy}`);
}

function requireImage(input: Shape): [number, number, number] {
  requireRank(input, 3, 'it wants [height, width, channels]; put a reshape layer before it');
  return input as unknown as [number, number, number];
}

interface Penalized {
  l1: number;
  l2: number;
  maxNorm?: number | undefined;
}
interface Kerneled extends Penalized {
  activation: Activation;
  initializer?: Initializer | undefined;
  useBias: boolean;
}

function kernelAndBias(
  layer: Kerneled,
  shape: Shape,
  fans: readonly [number, number],
  outputs: number,
): WeightShape[] {
  return [kernel(layer, 'kernel', shape, fans), ...bias(layer, outputs)];
}

function kernel(layer: Kerneled, name: string, shape: Shape, fans: readonly [number, number]): WeightShape {
  const initializer = layer.initializer ?? defaultInitializer(layer.activation);
  return { ...weight(name, shape, initializer, fans, true), ...penalties(layer) };
}

function bias(layer: Kerneled, outputs: number): WeightShape[] {
  return layer.useBias ? [weight('bias', [outputs], 'zeros', [outputs, outputs], true)] : [];
}

function weight(
  name: string,
  shape: Shape,
  initializer: Initializer,
  fans: readonly [number, number],
  trainable: boolean,
): WeightShape {
  return { name, shape, initializer, fans, trainable, l1: 0, l2: 0 };
}

function penalties({ l1, l2, maxNorm }: Penalized): Pick<WeightShape, 'l1' | 'l2' | 'maxNorm'> {
  return maxNorm === undefined ? { l1, l2 } : { l1, l2, maxNorm };
}

function text(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}
