import type { LayerType, NamedLayer } from './layer.ts';
import type { NetworkSpec } from './network.ts';
import type { InputEncoding, Preprocess } from './preprocess.ts';
import type { ReuseSpec } from './reuse.ts';
import { inferShapes, type LayerShape, size } from './shapes.ts';
import { inputsOf } from './wiring.ts';

/** What must be known of the model that a job builds on. */
export interface ParentModel {
  readonly network: NetworkSpec;
  /** The columns that it takes, in its order, with the types by which they are encoded. */
  readonly inputs: readonly ParentInput[];
  /** The field of `model.from` that names it; `model` when left out. */
  readonly field?: 'model' | 'job';
}

export interface ParentInput {
  readonly name: string;
  readonly type: InputEncoding['type'];
  /** Left out before the model is trained. */
  readonly encoding?: InputEncoding;
}

export function parentOf(network: NetworkSpec, { inputs }: Preprocess): ParentModel {
  return {
    network,
    inputs: inputs.map((encoding) => ({ name: encoding.name, type: encoding.type, encoding })),
  };
}

/** A model hasn't the layers that are asked for. */
export class ReuseError extends Error {
  override readonly name = 'ReuseError';
}

/**
 * The layers that are taken over, the one that new layers stand on last. Of a graph only those that it needs.
 * @throws ReuseError
 */
export function reusedLayers(
  layers: ReuseSpec['layers'],
  { inputShape, layers: all }: NetworkSpec,
): NamedLayer[] {
  const top = topOf(layers, all, inputShape);
  const needed = neededFor(all, top);
  return all.filter((_, position) => needed.has(position));
}

function topOf(
  layers: ReuseSpec['layers'],
  all: readonly NamedLayer[],
  inputShape: readonly number[],
): number {
  if (layers === 'all') return belowHead(all, inputShape);
  if (typeof layers === 'number') {
    if (layers > all.length) throw new ReuseError(`the model has ${all.length} layers`);
    return layers - 1;
  }
  const position = all.findIndex(({ name }) => name === layers.upTo);
  if (position === -1) throw new ReuseError(`the model has no layer named “${layers.upTo}”`);
  return position;
}

/** Layers whose weights only rescale what the one below them says. */
const RESCALING: ReadonlySet<LayerType> = new Set(['batchNorm', 'layerNorm', 'activation']);

/** A network that ends in feature maps, or in their means, has no head: all of it is below. */
function belowHead(all: readonly NamedLayer[], inputShape: readonly number[]): number {
  const layers = inferShapes(inputShape, all);
  const highest = layers.findLastIndex(({ type, weights }) => weights.length > 0 && !RESCALING.has(type));
  if (highest === -1) throw new ReuseError('the model has no weights');
  if (!isHead(layers[highest]!)) return layers.length - 1;
  const below = inputsOf(all, highest)[0]!;
  if (below === -1) throw new ReuseError('below its head the model has no layer');
  return below;
}

/** A dense layer, or a convolution that has a single place to look at. */
function isHead({ type, outputShape }: LayerShape): boolean {
  return type === 'dense' || size(outputShape) === outputShape.at(-1);
}

/** The positions of a layer and of all that it is computed from. */
function neededFor(layers: readonly NamedLayer[], top: number): Set<number> {
  const needed = new Set([top]);
  for (let position = top; position >= 0; position--) {
    if (!needed.has(position)) continue;
    for (const input of inputsOf(layers, position)) if (input >= 0) needed.add(input);
  }
  return needed;
}
