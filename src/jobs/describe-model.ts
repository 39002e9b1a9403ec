import { isStochastic } from '../spec/layer.ts';
import type { ModelStructure } from '../spec/model-structure.ts';
import { type TargetEncoding, TURNS, targetNames } from '../spec/preprocess.ts';
import { inferShapes } from '../spec/shapes.ts';
import type { ModelRow } from './rows.ts';

type Description = Pick<
  ModelRow,
  'task' | 'inputs' | 'inputShape' | 'window' | 'target' | 'classes' | 'parameters' | 'stochastic'
>;

/** What a model takes and gives, as it follows from its structure. */
export function describeModel({ network, preprocess }: ModelStructure): Description {
  const { inputShape, layers } = network;
  const { task, inputs, target, window } = preprocess;
  return {
    task,
    inputs: inputs.map(({ name }) => name),
    inputShape: [...inputShape],
    window: window ? { length: window.length, horizon: window.horizon } : null,
    target: namesOf(target),
    classes: classesOf(target),
    parameters: inferShapes(inputShape, layers).reduce((sum, { parameters }) => sum + parameters, 0),
    stochastic: layers.some(isStochastic),
  };
}

function namesOf(target: TargetEncoding | null): ModelRow['target'] {
  const names = targetNames(target);
  return names.length > 1 ? [...names] : (names[0] ?? null);
}

function classesOf(target: TargetEncoding | null): string[] | null {
  if (target?.type === 'turn') return [...TURNS];
  return target?.type === 'category' ? target.classes : null;
}
