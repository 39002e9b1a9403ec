import type { LazyWeight } from '../../model-file.ts';
import type { PlacedLayer } from '../../spec/expand.ts';
import type { LayerType } from '../../spec/layer.ts';
import { type LayerShape, size } from '../../spec/shapes.ts';
import { type Problems, pointerTo } from '../problems.ts';
import { refusal } from './import-error.ts';
import { kerasLayerOf } from './topology-layers.ts';
import type { ForeignModel, KerasLayer, StoredWeight } from './weight-source.ts';

/**
 * Finds a network's weights in the files of a model of another's, by layer and name, and checks their shapes.
 * What is missing or misshapen is noted.
 * @param placed the network's layers and where in the topology each stands
 */
export function planWeights(
  model: ForeignModel,
  placed: readonly PlacedLayer[],
  shapes: readonly LayerShape[],
  problems: Problems,
): LazyWeight[] {
  return shapes.flatMap((layer, i) => {
    const keras = kerasLayerOf(model.topology, placed[i]!);
    const recipes = recipesOf(layer);
    return recipes.flatMap((recipe) => planWeight(model, keras, layer, recipe, problems) ?? []);
  });
}

/** How one of our weights is made of one of Keras's. */
interface Recipe {
  /** Its name here. */
  readonly name: string;
  readonly shape: readonly number[];
  /** What Keras calls the one that it comes from; its versions differ. */
  readonly names: readonly string[];
  /** Keras's shape of it. */
  readonly stored: readonly number[];
  /** Which of Keras's weights it is, counted from 0. */
  readonly position: number;
  /** Which part of it along its first axis; all of it where undefined. */
  readonly part?: number | undefined;
}

const NAMES: Readonly<Record<string, readonly string[]>> = {
  kernel: ['kernel', 'depthwise_kernel'],
  recurrentKernel: ['recurrent_kernel'],
  depthwiseKernel: ['depthwise_kernel'],
  pointwiseKernel: ['pointwise_kernel'],
  movingMean: ['moving_mean'],
  movingVariance: ['moving_variance'],
};

/** The weights here stand in Keras's order, and in its shapes; only a GRU's two biases are one there. */
function recipesOf({ type, weights }: LayerShape): Recipe[] {
  return weights.map(({ name, shape }, position) => {
    const part = gruBias(type, name);
    if (part !== undefined) return { name, shape, names: ['bias'], stored: [2, ...shape], position: 2, part };
    return { name, shape, names: NAMES[name] ?? [name], stored: shape, position };
  });
}

function gruBias(type: LayerType, name: string): number | undefined {
  if (type !== 'gru') return undefined;
  return { bias: 0, recurrentBias: 1 }[name];
}

function planWeight(
  model: ForeignModel,
  layer: KerasLayer,
  ours: LayerShape,
  recipe: Recipe,
  problems: Problems,
): LazyWeight | undefined {
  const found = model.weights.find({ layer, names: recipe.names, position: recipe.position });
  const fault = faultOf(found, recipe);
  const direction = layer.direction ? `, ${layer.direction}` : '';
  if (found === undefined || fault !== undefined) {
    const message = `layer “${layer.name}”${direction}: ${fault}`;
    problems.add(pointerTo(...model.place, ...layer.path), message);
    return undefined;
  }
  const name = `${ours.name}/${recipe.name}`;
  const read = async () => finite(partOf(await found.read(), recipe), name, model.place);
  return { name, shape: recipe.shape, read };
}

function faultOf(found: StoredWeight | undefined, { names: [name], stored }: Recipe): string | undefined {
  if (found === undefined) return `its ${name} isn’t among the weights`;
  if (isSame(found.shape, stored)) return undefined;
  return `its ${name} is [${found.shape.join(', ')}], and must be [${stored.join(', ')}]`;
}

/** A vector of slopes, one a channel, comes as [1, 1, channels] where it is shared over a picture. */
function isSame(found: readonly number[], wanted: readonly number[]): boolean {
  const isVector = wanted.length === 1 && found.at(-1) === wanted[0] && size(found) === wanted[0];
  return isVector || String(found) === String(wanted);
}

function partOf(numbers: Float32Array, { part, shape }: Recipe): Float32Array {
  return part === undefined ? numbers : numbers.slice(part * size(shape), (part + 1) * size(shape));
}

/** @throws ImportError */
function finite(numbers: Float32Array, name: string, place: readonly (string | number)[]): Float32Array {
  if (numbers.every(Number.isFinite)) return numbers;
  throw refusal(place, `the weight ${name} has a number that is none, or is too large`);
}
