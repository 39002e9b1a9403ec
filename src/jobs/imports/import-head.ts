import type { Problems } from '../../data/problems.ts';
import { activationName } from '../../spec/activation.ts';
import type { SupervisedTask } from '../../spec/data.ts';
import type { NamedLayer } from '../../spec/layer.ts';
import type { ModelImport } from '../../spec/model-import.ts';
import type { TargetEncoding } from '../../spec/preprocess.ts';
import type { LayerShape } from '../../spec/shapes.ts';
import { lastActivated, written } from '../validation/topology-rules.ts';

/** What an imported network predicts. */
export interface ImportHead {
  /** Null, as is the target, where the head suits no task. */
  readonly task: SupervisedTask | null;
  readonly target: TargetEncoding | null;
  /** The layers, so that what the last puts out before its activation is what answers are computed from. */
  readonly layers: readonly NamedLayer[];
}

const NO_TASK = { task: null, target: null };

/**
 * What the head says: softmax of several classes is a classification, sigmoid of several labels is multilabel, and
 * one linear number is a regression. Linear numbers may be any task's, if that is asked for. A head that is none of
 * these is no fault, unless a task is asked for.
 */
export function settleHead(
  layers: readonly NamedLayer[],
  shapes: readonly LayerShape[],
  asked: Pick<ModelImport, 'task' | 'classes'>,
  problems: Problems,
): ImportHead {
  const { outputShape } = shapes.at(-1)!;
  const { layer, isLast } = lastActivated(layers);
  const activation = layer && 'activation' in layer ? activationName(layer.activation) : 'linear';
  const isWhole = activation !== 'softmax' || channelsOf(layer!, shapes) === outputShape[0];
  const task = isWhole ? taskOf(activation, outputShape, asked.task) : null;
  if (task === null) {
    const what = `the model ends in ${activation} of ${written(outputShape)}`;
    if (asked.task) problems.add('/task', `${what}, which suits no ${asked.task}`);
    else if (asked.classes) problems.add('/classes', `${what}, which tells no classes apart`);
    return { ...NO_TASK, layers };
  }
  const target = targetOf(task, outputShape[0]!, asked.classes, problems);
  const needsLogits = !isLast && activation !== 'linear';
  return { task, target, layers: needsLogits ? withLogits(layers, layer!) : layers };
}

/** A softmax runs over these, and a classification is one over all that is put out. */
function channelsOf({ name }: NamedLayer, shapes: readonly LayerShape[]): number {
  return shapes.find((shape) => shape.name === name)!.outputShape.at(-1)!;
}

function taskOf(
  activation: string,
  outputShape: readonly number[],
  asked: SupervisedTask | undefined,
): ImportHead['task'] {
  const [units, ...others] = outputShape as [number];
  if (others.length > 0) return null;
  const possible: SupervisedTask[] = [];
  if (activation === 'linear' && units === 1) possible.push('regression');
  if (activation === 'softmax' && units > 1) possible.push('classification');
  if (activation === 'sigmoid' && units > 1) possible.push('multilabel');
  // Logits: they are what answers are computed from.
  if (activation === 'linear' && units > 1 && asked !== undefined && asked !== 'regression')
    possible.push(asked);
  return possible.find((task) => asked === undefined || task === asked) ?? null;
}

function targetOf(
  task: SupervisedTask,
  units: number,
  classes: readonly string[] | undefined,
  problems: Problems,
): TargetEncoding {
  if (task === 'regression') {
    if (classes) problems.add('/classes', 'the model predicts a number, and has no classes');
    return { type: 'number', name: 'y', mean: 0, std: 1 };
  }
  if (classes && classes.length !== units)
    problems.add('/classes', `names ${classes.length}, and the model tells ${units} apart`);
  const names = [...(classes ?? Array.from({ length: units }, (_, i) => `class_${i}`))];
  return task === 'multilabel'
    ? { type: 'labels', names }
    : { type: 'category', name: 'class', classes: names };
}

/** The layers with one of them linear: the flattening and dropping after it change no number of it. */
function withLogits(layers: readonly NamedLayer[], activated: NamedLayer): NamedLayer[] {
  return layers.map((layer) =>
    layer === activated ? ({ ...layer, activation: 'linear' } as NamedLayer) : layer,
  );
}
