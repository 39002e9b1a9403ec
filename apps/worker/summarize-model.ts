import { buildNetwork } from '../../src/engine/model/network.ts';
import type { NetworkSpec } from '../../src/spec/network.ts';
import {
  type FittedPreprocess,
  inputShapeOf,
  type TargetEncoding,
  TURNS,
  targetNames,
} from '../../src/spec/preprocess.ts';
import type { ModelSummary } from '../../src/spec/trainer.ts';

/** What a model takes and gives. */
export function summarize(spec: NetworkSpec, preprocess: FittedPreprocess): ModelSummary {
  const { task, inputs, target, window } = preprocess;
  const network = buildNetwork(spec);
  return {
    task,
    inputs: inputs.map(({ name }) => name),
    inputShape: [...inputShapeOf(preprocess)],
    window: window ? { length: window.length, horizon: window.horizon } : null,
    target: namesOf(target),
    classes: classesOf(target),
    parameters: network.layers.reduce((sum, { parameters }) => sum + parameters, 0),
    stochastic: network.firstStochastic !== -1,
    network: spec,
    preprocess,
  };
}

function namesOf(target: TargetEncoding): ModelSummary['target'] {
  const names = targetNames(target);
  return names.length > 1 ? [...names] : (names[0] ?? null);
}

function classesOf(target: TargetEncoding): string[] | null {
  if (target.type === 'turn') return [...TURNS];
  return target.type === 'category' ? target.classes : null;
}
