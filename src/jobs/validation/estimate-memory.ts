import type { PlacedLayer } from '../../spec/expand.ts';
import type { OptimizerSpec } from '../../spec/optimizer.ts';
import { type LayerShape, size } from '../../spec/shapes.ts';
import type { StageSpec, Trainable } from '../../spec/stage.ts';
import { movingLayers } from '../../spec/trainable.ts';

const FLOAT_BYTES = 4;
/** What layers put out is kept for the gradients, which are as large. */
const COPIES_OF_KEPT = 2;

/** What a job computes with. */
interface Computed {
  readonly placed: readonly PlacedLayer[];
  readonly layers: readonly LayerShape[];
  /** None where there is no GAN. */
  readonly generator: readonly LayerShape[];
}

/** Two examples go through the network at once: a pair, or a true one beside one that was made up. */
const IN_TWOS: ReadonlySet<string> = new Set(['pairs', 'gan']);

/** How many bytes a step takes, in the stage that takes the most. */
export function estimateMemory(
  stages: readonly StageSpec[],
  { placed, layers, generator }: Computed,
): number {
  const numbers = stages.map(({ optimizer, batchSize, objective, trainable }) => {
    const own = objective.type === 'gan' ? objective.generator.optimizer : undefined;
    const weights = numbersOfWeights(layers, optimizer) + numbersOfWeights(generator, own ?? optimizer);
    const inputs = IN_TWOS.has(objective.type) ? 2 : 1;
    const numbersOfExample =
      inputs * numbersOfInput(trainable, placed, layers) + numbersOfInput('all', [], generator);
    return weights + batchSize * numbersOfExample;
  });
  return FLOAT_BYTES * Math.max(...numbers);
}

/** They, their gradients and what the optimizer keeps of them. */
function numbersOfWeights(layers: readonly LayerShape[], optimizer: OptimizerSpec): number {
  return countParameters(layers) * (2 + slotsOf(optimizer));
}

export function countParameters(layers: readonly LayerShape[]): number {
  return layers.reduce((sum, { parameters }) => sum + parameters, 0);
}

/** What one input takes at once: below the lowest layer that moves, a layer frees what the one before it made. */
function numbersOfInput(
  trainable: Trainable,
  placed: readonly PlacedLayer[],
  layers: readonly LayerShape[],
): number {
  const moving = new Set(movingLayers(trainable, placed, layers));
  const lowest = layers.findIndex(({ name, weights }) => moving.has(name) && weights.length > 0);
  const passing = layers.slice(0, lowest).map(({ inputShape, kept }) => size(inputShape) + kept);
  const kept = layers.slice(lowest).reduce((sum, layer) => sum + layer.kept, 0);
  return Math.max(0, ...passing) + kept * COPIES_OF_KEPT;
}

/** How many numbers the optimizer keeps a weight. */
function slotsOf(optimizer: OptimizerSpec): number {
  switch (optimizer.type) {
    case 'sgd':
      return 0;
    case 'momentum':
    case 'nesterov':
    case 'adagrad':
      return 1;
    case 'rmsprop':
      return 1 + Number(optimizer.centered) + Number(optimizer.momentum > 0);
    default:
      return 2;
  }
}
