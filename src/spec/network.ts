import { z } from 'zod';
import type { Activation } from './activation.ts';
import { Shape } from './common.ts';
import type { Task } from './data.ts';
import { Distribution } from './distribution.ts';
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
} as const satisfies Record<Task, Activation>;

/**
 * Settles what a model spec leaves open: names, composites and the output layer, whose units and activation
 * follow from the task. The output layer is linear for a regression, softmax for a classification, and sigmoid for
 * a multilabel task.
 * @param context.outputUnits how many numbers an encoded target has; a Gaussian takes two units for each
 */
export function resolveNetwork(
  model: ModelSpec,
  context: { inputShape: readonly number[]; task: Task; outputUnits: number; distribution: Distribution },
): NetworkSpec {
  const { inputShape, task, outputUnits, distribution } = context;
  const output: NamedLayer = {
    ...(model.output ?? { name: 'output', useBias: true }),
    type: 'dense',
    units: distribution === 'gaussian' ? 2 * outputUnits : outputUnits,
    activation: OUTPUT_ACTIVATIONS[task],
  };
  const layers = [...hiddenLayers(model), withPenalties(output, model)];
  return { inputShape: [...inputShape], layers, distribution };
}
