import { z } from 'zod';
import type { PlainActivation } from './activation.ts';
import { Shape } from './common.ts';
import type { Task } from './data.ts';
import { Distribution } from './distribution.ts';
import { hiddenLayers, withPenalties } from './expand.ts';
import { LayerSpec, type NamedLayer } from './layer.ts';
import type { ModelSpec } from './model.ts';
import { inferShapes } from './shapes.ts';

/**
 * A network as it is built and saved: the input's shape and every layer, all named, each after those that it
 * takes, the output layer last.
 */
export const NetworkSpec = z.strictObject({
  inputShape: Shape,
  layers: z.array(LayerSpec.and(z.object({ name: z.string() }))).min(1),
  distribution: Distribution.default('point'),
});
export interface NetworkSpec {
  readonly inputShape: readonly number[];
  readonly layers: readonly NamedLayer[];
  /** `point` when left out. */
  readonly distribution?: Distribution;
}

const OUTPUT_ACTIVATIONS = {
  regression: 'linear',
  classification: 'softmax',
  multilabel: 'sigmoid',
  reconstruction: 'linear',
  rotation: 'softmax',
  pairs: 'sigmoid',
  gan: 'sigmoid',
} as const satisfies Record<Task, PlainActivation>;

/**
 * Settles what a model spec leaves open: names, composites and the output layer, whose units and activation
 * follow from the task. The output layer is linear for a regression or a reconstruction, softmax for a
 * classification or a rotation, and sigmoid for a multilabel task, pairs or a discriminator. A reconstruction whose
 * layers end in a picture of the input's shape needs none. A topology has its own output layer, which must be such a
 * one; that it may be linear for every task makes no difference, since losses and predictions are computed from what
 * it puts out before its activation.
 * @throws ShapeError for layers of a reconstruction that don't fit together
 */
export function resolveNetwork(model: ModelSpec, context: NetworkContext): NetworkSpec {
  const { inputShape, distribution, base, task } = context;
  const hidden = hiddenLayers(model, base);
  const network = { inputShape: [...inputShape], distribution };
  if (model.topology) return { ...network, layers: hidden };
  const isPicture = task === 'reconstruction' && endsInPicture(hidden, inputShape, inputShape);
  const output = isPicture ? flattened(model.output?.name) : outputLayer(model, context);
  return { ...network, layers: [...hidden, output] };
}

function outputLayer(model: ModelSpec, context: NetworkContext): NamedLayer {
  const settings = model.output ?? { name: 'output', useBias: true };
  return withPenalties({ ...settings, type: 'dense', ...outputFor(context) } as NamedLayer, model);
}

/** Whether what the layers put out is a picture already, of the shape that an example has. */
export function endsInPicture(
  layers: readonly NamedLayer[],
  inputShape: readonly number[],
  exampleShape: readonly number[],
): boolean {
  if (exampleShape.length === 1 || layers.length === 0) return false;
  return String(inferShapes(inputShape, layers).at(-1)!.outputShape) === String(exampleShape);
}

/** Numbers are asked for one after another. */
export function flattened(name = 'output'): NamedLayer {
  return { type: 'flatten', name };
}

/** What data, task and losses ask of a network. */
export interface NetworkContext {
  readonly inputShape: readonly number[];
  readonly task: Task;
  /** How many numbers an encoded target has; a Gaussian takes two units for each. */
  readonly outputUnits: number;
  readonly distribution: Distribution;
  /** The layers of another model that it begins with. */
  readonly base?: readonly NamedLayer[];
}

/** What these ask of the output layer. */
export function outputFor({ task, outputUnits, distribution }: NetworkContext): {
  units: number;
  activation: PlainActivation;
} {
  const units = distribution === 'gaussian' ? 2 * outputUnits : outputUnits;
  return { units, activation: OUTPUT_ACTIVATIONS[task] };
}
