import { dispose, keep, type Tensor } from '@tensorflow/tfjs-core';
import { key } from '../../random.ts';
import type { NamedArrays } from '../../safetensors.ts';
import { isStochastic, type LayerType, type NamedLayer } from '../../spec/layer.ts';
import type { NetworkSpec } from '../../spec/network.ts';
import { inferShapes, type LayerShape, size, type WeightShape } from '../../spec/shapes.ts';
import { inputsOf } from '../../spec/wiring.ts';
import { type Tensors, tidied } from '../tensors.ts';
import { initialValues } from './initializers.ts';
import type { LayerContext, LayerFunction, LayerResult, Mode } from './layer.ts';
import { LAYERS } from './layers/index.ts';
import type { RandomSources } from './random-source.ts';

/** One weight tensor of a network, and the layer it belongs to. */
export interface NetworkWeight extends WeightShape {
  readonly layer: string;
  readonly layerType: LayerType;
}

/** A network: what its spec says, and the shapes that follow. It holds no weights. */
export interface Network {
  readonly spec: NetworkSpec;
  readonly layers: readonly LayerShape[];
  /** The positions of the layers that each one takes; −1 is the network's input. */
  readonly wiring: readonly (readonly number[])[];
  /** Every weight by its full name, `<layer>/<weight>`. */
  readonly weights: ReadonlyMap<string, NetworkWeight>;
  readonly outputUnits: number;
  /** The index of the lowest layer that Monte-Carlo dropout makes random; −1 without one. */
  readonly firstStochastic: number;
}

/** @throws ShapeError for layers that don't fit together */
export function buildNetwork(spec: NetworkSpec): Network {
  const layers = inferShapes(spec.inputShape, spec.layers);
  const weights = new Map(
    layers.flatMap((layer) =>
      layer.weights.map(
        (weight) =>
          [`${layer.name}/${weight.name}`, { ...weight, layer: layer.name, layerType: layer.type }] as const,
      ),
    ),
  );
  return {
    spec,
    layers,
    wiring: spec.layers.map((_, index) => inputsOf(spec.layers, index)),
    weights,
    outputUnits: layers.at(-1)!.outputShape[0]!,
    firstStochastic: spec.layers.findIndex(isStochastic),
  };
}

/** What one row's way through the layers from `from` on leaves in memory, in numbers, until it is through. */
export function numbersARow(network: Network, from = 0): number {
  return network.layers.slice(from).reduce((sum, { inputShape, kept }) => sum + kept + size(inputShape), 1);
}

/** About how many numbers a pass may hold at once: 64 MB. */
const NUMBERS_AT_ONCE = 16_000_000;

/** How many rows go through the layers from `from` on at once, so that their memory stays bounded. */
export function rowsAtOnce(network: Network, from = 0): number {
  return Math.max(1, Math.floor(NUMBERS_AT_ONCE / numbersARow(network, from)));
}

/**
 * The initial values of all weights: the same for the same seed, each drawn from its own name's stream.
 * @param reused those that come from another model
 */
export function initialWeights(network: Network, seed: number, reused: NamedArrays = {}): NamedArrays {
  return Object.fromEntries(
    [...network.weights].map(([name, weight]) => {
      if (reused[name]) return [name, reused[name]];
      const data = initialValues(weight.initializer, weight.shape, weight.fans, key(seed, 'initial', name));
      return [name, { shape: weight.shape, data }];
    }),
  );
}

/** Names of the weights that gradients may move, of the given layers or of all. */
export function trainableWeights(network: Network, layers?: ReadonlySet<string>): string[] {
  return [...network.weights]
    .filter(([, weight]) => weight.trainable && (layers?.has(weight.layer) ?? true))
    .map(([name]) => name);
}

export interface ForwardOptions {
  readonly mode: Mode;
  readonly random: RandomSources;
  /** Layers whose weights the stage leaves alone. */
  readonly frozen?: ReadonlySet<string>;
  /** The layers to go through, by position; all when left out. */
  readonly from?: number;
  readonly to?: number;
  /** What is known already of the layers before `from`. */
  readonly known?: Outputs;
  /** Sees each layer's output on its way. */
  readonly onLayer?: (layer: NamedLayer, output: Tensor) => void;
}

/** Outputs of layers by position, `[batch, …]` each; −1 is the network's input. */
export type Outputs = Readonly<Record<number, Tensor>>;

export interface ForwardResult {
  /** The output layer's numbers before its activation: logits of a classification, `[batch, units]`. */
  readonly output: Tensor;
  /** New values of weights that move without a gradient, by full name. */
  readonly updates: Tensors;
}

/**
 * Sends a batch `[batch, …inputShape]` through the network. The output layer's softmax is left to the loss and
 * to `predict/`, which compute it in a stable way. The updates are kept past the tidy they were made in.
 */
export function forward(
  network: Network,
  weights: Tensors,
  input: Tensor,
  options: ForwardOptions,
): ForwardResult {
  const { outputs, updates } = forwardBetween(network, weights, { [-1]: input }, options);
  return { output: outputs[network.layers.length - 1]!, updates };
}

/**
 * Goes through the layers `from` … `to − 1`.
 * @param known what is known already of the layers before `from`
 * @returns the outputs that layers from `to` on still need, and the network's own at its end
 */
export function forwardBetween(
  network: Network,
  weights: Tensors,
  known: Outputs,
  options: ForwardOptions,
): { outputs: Outputs; updates: Tensors } {
  const { from = 0, to = network.layers.length } = options;
  const outputs: Record<number, Tensor> = { ...options.known, ...known };
  const updates: Record<string, Tensor> = {};
  for (let index = from; index < to; index++) {
    const layer = network.spec.layers[index]!;
    const inputs = network.wiring[index]!.map((position) => outputs[position]!);
    // What a layer makes on its way is freed here, but for what its gradient needs.
    const result = tidied(() => applyLayer(network, index, weights, inputs, options));
    outputs[index] = result.output;
    for (const [name, value] of Object.entries(result.updates ?? {})) {
      updates[`${layer.name}/${name}`] = keep(value);
    }
    options.onLayer?.(layer, result.output);
  }
  return { outputs: neededFrom(network, outputs, to), updates };
}

/**
 * Goes through the lowest `to` layers where no gradient is asked for: what no layer takes any more is freed on the way.
 * @returns the outputs that layers from `to` on still need
 */
export function outputsBelow(
  network: Network,
  weights: Tensors,
  input: Tensor,
  { to, ...options }: ForwardOptions & { readonly to: number },
): Outputs {
  let known: Outputs = { [-1]: input };
  for (let index = 0; index < to; index++) {
    const range = { from: index, to: index + 1 };
    const { outputs } = forwardBetween(network, weights, known, { ...options, ...range });
    const needed = new Set([input, ...Object.values(outputs)]);
    dispose(Object.values(known).filter((value) => !needed.has(value)));
    known = outputs;
  }
  return known;
}

function applyLayer(
  network: Network,
  index: number,
  weights: Tensors,
  inputs: readonly Tensor[],
  { mode, frozen, random }: ForwardOptions,
): LayerResult {
  const isOutput = index === network.layers.length - 1;
  const layer = withoutOutputActivation(network.spec.layers[index]!, isOutput);
  const context: LayerContext = {
    mode,
    inputs,
    frozen: frozen?.has(layer.name) ?? false,
    random: random(layer.name),
  };
  const apply = LAYERS[layer.type] as LayerFunction<typeof layer.type>;
  const result = apply(layer, localWeights(network.layers[index]!, weights), inputs[0]!, context);
  return 'output' in result ? result : { output: result };
}

function neededFrom(network: Network, outputs: Outputs, from: number): Outputs {
  const needed = network.wiring.slice(from).flat();
  const isNeeded = (position: number) => needed.includes(position) || position === network.layers.length - 1;
  return Object.fromEntries(Object.entries(outputs).filter(([position]) => isNeeded(Number(position))));
}

function withoutOutputActivation(layer: NamedLayer, isOutput: boolean): NamedLayer {
  const isActivated = layer.type === 'dense' || layer.type === 'activation';
  return isOutput && isActivated ? { ...layer, activation: 'linear' } : layer;
}

function localWeights(layer: LayerShape, weights: Tensors): Tensors {
  return Object.fromEntries(layer.weights.map(({ name }) => [name, weights[`${layer.name}/${name}`]!]));
}
