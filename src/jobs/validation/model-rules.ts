import type { DataPlan } from '../../data/plan.ts';
import { type Problems, pointerTo } from '../../data/problems.ts';
import type { Distribution } from '../../spec/distribution.ts';
import { isStochastic } from '../../spec/layer.ts';
import type { ModelSpec } from '../../spec/model.ts';
import { type NetworkSpec, resolveNetwork } from '../../spec/network.ts';
import { inferShapes, type LayerShape, ShapeError } from '../../spec/shapes.ts';

export interface PlannedNetwork {
  readonly spec: NetworkSpec;
  readonly layers: readonly LayerShape[];
}

/** Settles the network that a spec describes; null, with its problems noted, where the layers don't fit. */
export function planNetwork(
  model: ModelSpec,
  plan: DataPlan,
  distribution: Distribution,
  problems: Problems,
): PlannedNetwork | null {
  checkNames(model, problems);
  checkEmbeddings(model, problems);
  const spec = resolveNetwork(model, {
    inputShape: [plan.inputWidth],
    task: plan.task,
    outputUnits: plan.outputUnits,
    distribution,
  });
  try {
    return { spec, layers: inferShapes(spec.inputShape, spec.layers) };
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    const isOutput = error.layerIndex === model.layers.length;
    problems.add(isOutput ? '/model/layers' : pointerTo('model', 'layers', error.layerIndex), error.message);
    return null;
  }
}

function checkNames(model: ModelSpec, problems: Problems): void {
  const taken = new Set([model.output?.name ?? 'output']);
  for (const [i, { name }] of model.layers.entries()) {
    if (name === undefined) continue;
    if (taken.has(name))
      problems.add(pointerTo('model', 'layers', i, 'name'), `another layer is named “${name}” too`);
    taken.add(name);
  }
}

function checkEmbeddings(model: ModelSpec, problems: Problems): void {
  for (const [i, { type }] of model.layers.entries()) {
    if (type === 'embedding' && i > 0) {
      problems.add(
        pointerTo('model', 'layers', i),
        'an embedding takes ids, so it can only be the first layer',
      );
    }
  }
}

/** Monte-Carlo dropout needs something that it can make random. */
export function checkMcDropout(model: ModelSpec, problems: Problems): void {
  if (model.layers.some(isStochastic)) return;
  problems.add(
    '/evaluate/mcDropout',
    'the model has no dropout layer (or noise), so every Monte-Carlo pass would be the same',
  );
}
