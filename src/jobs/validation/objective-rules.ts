import type { DataPlan } from '../../data/plan.ts';
import { type Problems, pointerTo } from '../../data/problems.ts';
import { resolveGenerator } from '../../spec/generator.ts';
import type { JobSpec } from '../../spec/job.ts';
import { type ObjectiveOf, pretrainingTask } from '../../spec/objective.ts';
import { inferShapes, type LayerShape, ShapeError, size } from '../../spec/shapes.ts';
import type { StageSpec } from '../../spec/stage.ts';
import type { PlannedNetwork } from './model-rules.ts';
import { written } from './topology-rules.ts';

/**
 * Checks what each stage learns from against the data, the network and the other stages.
 * @returns a GAN's generator; null where there is none, or it has a problem
 */
export function checkObjectives(
  spec: JobSpec,
  plan: DataPlan,
  network: PlannedNetwork | null,
  problems: Problems,
): LayerShape[] | null {
  for (const [i, stage] of spec.stages.entries()) {
    checkSame(spec.stages, i, problems);
    checkObjective(stage, pointerTo('stages', i, 'objective'), plan, problems);
  }
  if (plan.task === 'pairs') checkPairs(spec, network, problems);
  return plan.task === 'gan' ? checkGan(spec, plan, problems) : null;
}

/** The output layer is one, and so can say only one kind of thing. */
function checkSame(stages: readonly StageSpec[], i: number, problems: Problems): void {
  const [first, here] = [stages[0]!.objective, stages[i]!.objective];
  if (pretrainingTask(here) === pretrainingTask(first)) return;
  problems.add(
    pointerTo('stages', i, 'objective', 'type'),
    `${here.type} asks something else of the output layer than ${first.type} in the first stage: pretrain in a job of its own, and let the next one take over its layers with model.from`,
  );
}

function checkObjective({ objective }: StageSpec, pointer: string, plan: DataPlan, problems: Problems): void {
  if (pretrainingTask(objective) === 'reconstruction' && plan.takesIds)
    problems.add(`${pointer}/type`, 'the inputs are ids, which can’t be put together again as numbers');
  if (objective.type === 'rotation' && !isSquarePicture(plan))
    problems.add(
      `${pointer}/type`,
      `only square pictures can be turned, and the data have ${written(plan.inputShape)}`,
    );
  if (objective.type !== 'masked') return;
  checkPatch(objective, pointer, plan, problems);
  if (isSingle(plan))
    problems.add(`${pointer}/type`, 'the inputs are a single column, and nothing is left to fill it in from');
}

/** One number, or one category, and no more. */
function isSingle({ inputs, inputShape, window }: DataPlan): boolean {
  if (inputs[0]?.type === 'tensor') return size(inputShape) === 1;
  return inputs.length * (window?.length ?? 1) === 1;
}

function checkPatch(
  { patch }: ObjectiveOf<'masked'>,
  pointer: string,
  plan: DataPlan,
  problems: Problems,
): void {
  if (patch === undefined) return;
  const [height, width] = plan.inputShape as [number, number];
  if (!isPicture(plan)) problems.add(`${pointer}/patch`, 'only a picture has patches; leave it out');
  else if (height % patch !== 0 || width % patch !== 0)
    problems.add(
      `${pointer}/patch`,
      `a patch of ${patch} × ${patch} doesn’t divide a picture of ${height} × ${width}`,
    );
}

/** A tensor with a height and a width. */
function isPicture({ inputs, inputShape }: DataPlan): boolean {
  return inputs[0]?.type === 'tensor' && inputShape.length > 1;
}

function isSquarePicture(plan: DataPlan): boolean {
  return isPicture(plan) && plan.inputShape[0] === plan.inputShape[1];
}

/** One generator goes through all stages, and what it says is judged, not predicted. */
function checkGan(spec: JobSpec, plan: DataPlan, problems: Problems): LayerShape[] | null {
  if (spec.evaluate.mcDropout)
    problems.add('/evaluate/mcDropout', 'a GAN is measured by what it makes up, not by Monte-Carlo dropout');
  if (spec.data.sampleWeight !== undefined)
    problems.add('/data/sampleWeight', 'a GAN takes all examples alike, so that none has a weight');
  const [first] = spec.stages.map(ganOf);
  let generator: LayerShape[] | null = null;
  for (const [i, stage] of spec.stages.entries()) {
    const gan = ganOf(stage);
    const pointer = pointerTo('stages', i);
    if (stage.schedule.type === 'lrFinder')
      problems.add(
        `${pointer}/schedule`,
        'a GAN’s losses fall and rise with each other, so they tell no rate',
      );
    if (!gan || !first) continue;
    const isSame =
      gan.latent === first.latent &&
      JSON.stringify(gan.generator.layers) === JSON.stringify(first.generator.layers);
    if (isSame) generator = planGenerator(gan, `${pointer}/objective/generator/layers`, plan, problems);
    else
      problems.add(
        `${pointer}/objective/generator`,
        'the generator must be that of the first stage, which goes on',
      );
  }
  return generator;
}

function ganOf({ objective }: StageSpec): ObjectiveOf<'gan'> | undefined {
  return objective.type === 'gan' ? objective : undefined;
}

function planGenerator(
  gan: ObjectiveOf<'gan'>,
  pointer: string,
  { inputShape, takesIds }: DataPlan,
  problems: Problems,
): LayerShape[] | null {
  if (takesIds) {
    problems.add(pointer, 'ids can’t be made up as numbers');
    return null;
  }
  try {
    const { inputShape: noise, layers } = resolveGenerator(gan, inputShape);
    return inferShapes(noise, layers);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    problems.add(pointer, error.message);
    return null;
  }
}

/** The output layer compares what the layer below says of two examples, and nothing can be asked of one alone. */
function checkPairs(spec: JobSpec, network: PlannedNetwork | null, problems: Problems): void {
  if (spec.evaluate.mcDropout)
    problems.add(
      '/evaluate/mcDropout',
      'pairs are compared, and Monte-Carlo dropout answers for single inputs',
    );
  const last = network?.spec.layers.at(-1);
  if (last && last.type !== 'dense')
    problems.add(
      '/model/topology',
      `pairs are compared by a dense layer at the end, and “${last.name}” is ${last.type}`,
    );
}
