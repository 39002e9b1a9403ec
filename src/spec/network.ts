import { z } from 'zod';
import type { PlainActivation } from './activation.ts';
import { Shape } from './common.ts';
import type { Task } from './data.ts';
import { hiddenLayers, withPenalties } from './expand.ts';
import { LayerSpec, type NamedLayer } from './layer.ts';
import type { ModelSpec } from './model.ts';

/**
 * A network as it is built and saved: the input's shape and every layer, all named, each after those that it
 * takes, the output layer last.
 */
export const NetworkSpec = z.strictObject({
  inputShape: Shape,
  layers: z.array(LayerSpec.and(z.object({ name: z.string() }))).min(1),
});
export interface NetworkSpec {
  readonly inputShape: readonly number[];
  readonly layers: readonly NamedLayer[];
}

/**
 * Settles what a model spec leaves open: names, composites and the output layer, whose units and activation
 * follow from the task. The output layer is linear for a regression and softmax for a classification. A topology
 * has its own output layer, which must be such a one; that it may be linear for a classification too makes no
 * difference, since losses and predictions are computed from what it puts out before its activation.
 */
export function resolveNetwork(model: ModelSpec, context: NetworkContext): NetworkSpec {
  const inputShape = [...context.inputShape];
  if (model.topology) return { inputShape, layers: hiddenLayers(model) };
  const output: NamedLayer = {
    ...(model.output ?? { name: 'output', useBias: true }),
    type: 'dense',
    ...outputFor(context),
  };
  return { inputShape, layers: [...hiddenLayers(model), withPenalties(output, model)] };
}

/** What data and task ask of a network. */
export interface NetworkContext {
  readonly inputShape: readonly number[];
  readonly task: Task;
  /** How many numbers an encoded target has. */
  readonly outputUnits: number;
}

/** What the task asks of the output layer. */
export function outputFor({ task, outputUnits }: NetworkContext): {
  units: number;
  activation: PlainActivation;
} {
  return { units: outputUnits, activation: task === 'classification' ? 'softmax' : 'linear' };
}
