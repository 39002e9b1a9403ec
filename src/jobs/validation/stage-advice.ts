import type { DataPlan } from '../../data/plan.ts';
import { pointerTo } from '../../data/problems.ts';
import type { SplitSpec } from '../../spec/data.ts';
import type { PlacedLayer } from '../../spec/expand.ts';
import type { JobSpec } from '../../spec/job.ts';
import type { LayerShape } from '../../spec/shapes.ts';
import type { StageSpec } from '../../spec/stage.ts';
import { movingLayers } from '../../spec/trainable.ts';
import type { Validation } from '../services.ts';
import type { Findings } from './findings.ts';

type Warning = Validation['warnings'][number];

/** What stages may say and yet rarely mean. */
export function adviseStages(
  spec: JobSpec,
  { plan, placed, network }: Pick<Findings, 'plan' | 'placed' | 'network'>,
): Warning[] {
  const rows = trainingRows(spec.data.split, plan);
  const each = spec.stages.flatMap((stage, i) => {
    const steps = stage.epochs * Math.ceil(rows / stage.batchSize);
    return [
      ...adviseRangeTest(stage, steps, i),
      ...adviseWarmup(stage, steps, i),
      ...adviseRate(stage, i),
      ...adviseBatch(stage, network, i),
    ];
  });
  return [...each, ...adviseUntrained(spec.stages, placed, network)];
}

const NAMES_TOLD = 5;

/** New layers that stay as they began, at random. A range test throws away what it moves. */
function adviseUntrained(
  stages: readonly StageSpec[],
  placed: readonly PlacedLayer[],
  network: readonly LayerShape[],
): Warning[] {
  const training = stages.filter(({ schedule }) => schedule.type !== 'lrFinder');
  if (training.length === 0) return [];
  const reused = placed.filter((layer) => layer.reused).map(({ layer }) => layer.name);
  const moving = training.flatMap(({ trainable }) => movingLayers(trainable, placed, network));
  const settled = new Set([...reused, ...moving]);
  const untrained = network.filter(
    ({ name, weights }) => !settled.has(name) && weights.some(({ trainable }) => trainable),
  );
  if (untrained.length === 0) return [];
  const names = untrained.map(({ name }) => `“${name}”`);
  const more = names.length > NAMES_TOLD ? ` and ${names.length - NAMES_TOLD} more` : '';
  const message = `no stage moves ${names.slice(0, NAMES_TOLD).join(', ')}${more}: new layers begin at random, and would stay so`;
  return [{ code: 'untrainedLayers', pointer: '/stages', message }];
}

/** About how many rows train; a split column tells only when it is read. */
function trainingRows(split: SplitSpec, { rows }: DataPlan): number {
  return 'column' in split ? rows : rows * (1 - split.validation - split.test);
}

/** Fewer rates than this draw no curve. */
const FEWEST_RATES = 30;

function adviseRangeTest({ schedule }: StageSpec, stageSteps: number, i: number): Warning[] {
  if (schedule.type !== 'lrFinder') return [];
  const { steps = Number.POSITIVE_INFINITY } = schedule;
  if (Math.min(stageSteps, steps) >= FEWEST_RATES) return [];
  const [field, remedy] = steps < stageSteps ? [['schedule', 'steps'], 'steps'] : [['epochs'], 'epochs'];
  const message = `the range test has about ${Math.min(stageSteps, steps)} steps, which is few to draw a curve: give it more ${remedy}`;
  return [{ code: 'shortRangeTest', pointer: pointerTo('stages', i, ...field), message }];
}

function adviseWarmup({ schedule }: StageSpec, stageSteps: number, i: number): Warning[] {
  const steps = 'warmup' in schedule ? (schedule.warmup?.steps ?? 0) : 0;
  if (steps < stageSteps) return [];
  const message = `the stage has about ${stageSteps} steps, so all of it is warm-up`;
  return [{ code: 'longWarmup', pointer: pointerTo('stages', i, 'schedule', 'warmup', 'steps'), message }];
}

/** Beyond these the optimizer as a rule diverges. */
const HIGH_RATE = { sgd: 1, momentum: 0.5, nesterov: 0.5, adagrad: 1 } as const;
const HIGH_ADAPTIVE_RATE = 0.1;

function adviseRate(
  { optimizer: { type, learningRate }, schedule, learningRateScale = 1 }: StageSpec,
  i: number,
): Warning[] {
  if (schedule.type === 'lrFinder') return [];
  const cycles = schedule.type === 'oneCycle';
  const rate = learningRateScale * (cycles ? schedule.maxLearningRate : learningRate);
  const high = type in HIGH_RATE ? HIGH_RATE[type as keyof typeof HIGH_RATE] : HIGH_ADAPTIVE_RATE;
  if (rate <= high) return [];
  const place = cycles ? ['schedule', 'maxLearningRate'] : ['optimizer', 'learningRate'];
  const message = `${rate} is high for ${type}: training may diverge`;
  return [{ code: 'highLearningRate', pointer: pointerTo('stages', i, ...place), message }];
}

/** Of pictures and sequences, a batch norm has more than one number a channel even in one example. */
function adviseBatch({ batchSize }: StageSpec, network: readonly LayerShape[], i: number): Warning[] {
  const isStarved = ({ type, inputShape }: LayerShape) => type === 'batchNorm' && inputShape.length === 1;
  if (batchSize > 1 || !network.some(isStarved)) return [];
  const message = 'a batch of one has no variance, so batch norm gives zeros';
  return [{ code: 'batchNormBatchOne', pointer: pointerTo('stages', i, 'batchSize'), message }];
}
