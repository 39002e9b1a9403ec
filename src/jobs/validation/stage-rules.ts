import type { DataPlan } from '../../data/plan.ts';
import { type Problems, pointerTo } from '../../data/problems.ts';
import { SupervisedTask } from '../../spec/data.ts';
import { distributionOf } from '../../spec/distribution.ts';
import type { PlacedLayer } from '../../spec/expand.ts';
import type { JobSpec } from '../../spec/job.ts';
import { metricNames } from '../../spec/metric-names.ts';
import type { LossSpec } from '../../spec/objective.ts';
import type { StageSpec } from '../../spec/stage.ts';
import { layersNamed, movingLayers } from '../../spec/trainable.ts';
import type { PlannedNetwork } from './model-rules.ts';

/** The layers that the spec says, and the network that they make where they fit together. */
interface PlacedNetwork {
  readonly placed: readonly PlacedLayer[];
  readonly network: PlannedNetwork | null;
}

/** Checks what each stage says against the data and the network. */
export function checkStages(
  spec: JobSpec,
  plan: DataPlan,
  { placed, network }: PlacedNetwork,
  problems: Problems,
): void {
  const measured = measuredMetrics(spec, plan);
  for (const [i, stage] of spec.stages.entries()) {
    const at = (...parts: (string | number)[]) => pointerTo('stages', i, ...parts);
    checkLoss(stage, plan, at, problems);
    checkMonitors(stage, measured, at, problems);
    checkRangeTest(stage, at, problems);
    if (network) checkTrainable(stage, placed, network, at, problems);
  }
}

type At = (...parts: (string | number)[]) => string;

function measuredMetrics({ data, stages, evaluate: { topK } }: JobSpec, { task }: DataPlan): string[] {
  const names = ['loss', ...metricNames({ task, distribution: distributionOf(stages), topK })];
  const validated = 'column' in data.split || data.split.validation > 0;
  return validated ? [...names, ...names.map((name) => `val_${name}`)] : names;
}

const SUITABLE_LOSSES: Readonly<Record<SupervisedTask, readonly LossSpec['type'][]>> = {
  regression: ['mse', 'mae', 'huber', 'gaussianNll'],
  classification: ['categoricalCrossEntropy'],
  multilabel: ['binaryCrossEntropy'],
};

function checkLoss({ objective }: StageSpec, { task }: DataPlan, at: At, problems: Problems): void {
  const supervised = SupervisedTask.safeParse(task);
  if (objective.type !== 'supervised' || objective.loss === undefined || !supervised.success) return;
  const { type } = objective.loss;
  const suitable = SUITABLE_LOSSES[supervised.data];
  if (suitable.includes(type)) return;
  const what = task === 'multilabel' ? 'a multilabel task' : `a ${task}`;
  problems.add(
    at('objective', 'loss', 'type'),
    `${type} doesn’t suit ${what}, which takes ${suitable.join(', ')}`,
  );
}

function checkMonitors(stage: StageSpec, measured: readonly string[], at: At, problems: Problems): void {
  const check = (monitor: string, pointer: string) => {
    if (measured.includes(monitor)) return;
    const why =
      monitor.startsWith('val_') && !measured.includes('val_loss')
        ? 'there is no validation split'
        : `there are ${measured.join(', ')}`;
    problems.add(pointer, `“${monitor}” isn’t measured: ${why}`);
  };
  if (stage.earlyStopping) check(stage.earlyStopping.monitor, at('earlyStopping', 'monitor'));
  if (stage.schedule.type === 'performance') check(stage.schedule.monitor, at('schedule', 'monitor'));
}

function checkRangeTest(
  { schedule, earlyStopping, learningRateScale }: StageSpec,
  at: At,
  problems: Problems,
): void {
  if (schedule.type !== 'lrFinder') return;
  if (earlyStopping)
    problems.add(
      at('earlyStopping'),
      'a learning-rate range test has no epochs to compare, and stops by itself',
    );
  if (learningRateScale !== undefined)
    problems.add(
      at('learningRateScale'),
      'a learning-rate range test finds the rate itself: give it the range',
    );
}

function checkTrainable(
  { trainable }: StageSpec,
  placed: readonly PlacedLayer[],
  { layers }: PlannedNetwork,
  at: At,
  problems: Problems,
): void {
  const isNamed = (name: string) => {
    const names = new Set(layersNamed(placed, name));
    return layers.some((layer) => names.has(layer.name));
  };
  if (typeof trainable === 'object' && 'layers' in trainable) {
    const unknown = [...trainable.layers.entries()].filter(([, name]) => !isNamed(name));
    for (const [i, name] of unknown)
      problems.add(at('trainable', 'layers', i), `no layer is named “${name}”`);
    if (unknown.length > 0) return;
  }
  const needsReuse = trainable === 'new' || (typeof trainable === 'object' && 'top' in trainable);
  if (needsReuse && !placed.some(({ reused }) => reused))
    problems.add(at('trainable'), 'every layer is new: the model is built on no other (“model.from”)');
  const moving = new Set(movingLayers(trainable, placed, layers));
  const moves = layers.some(
    ({ name, weights }) => moving.has(name) && weights.some((weight) => weight.trainable),
  );
  if (!moves) problems.add(at('trainable'), 'none of these layers has a weight to train');
}
