import type { DataPlan } from '../../data/plan.ts';
import { pointerTo } from '../../data/problems.ts';
import type { DataSpec } from '../../spec/data.ts';
import { expandModel, type PlacedLayer } from '../../spec/expand.ts';
import type { JobSpec } from '../../spec/job.ts';
import { readTopology } from '../../spec/keras/topology.ts';
import type { ModelSpec } from '../../spec/model.ts';
import { size } from '../../spec/shapes.ts';
import type { StageSpec } from '../../spec/stage.ts';
import type { Validation } from '../services.ts';
import { adviseSelu } from './selu-advice.ts';

type Warning = Validation['warnings'][number];

/** What is allowed and yet rarely meant. */
export function advise(spec: JobSpec, plan: DataPlan, parameters: number): Warning[] {
  const layers = expandModel(spec.model);
  return [
    ...layers.flatMap((_, i) => adviseDropout(layers, i)),
    ...adviseSelu(layers, plan),
    ...adviseFrozen(spec.model),
    ...spec.stages.flatMap((stage, i) => [
      ...adviseSweep(stage, spec.data, plan, i),
      ...adviseRate(stage, i),
      ...adviseBatch(stage.batchSize, layers, i),
    ]),
    ...adviseSize(parameters, plan, pointerTo('model', spec.model.topology ? 'topology' : 'layers')),
  ];
}

function adviseDropout(layers: readonly PlacedLayer[], i: number): Warning[] {
  const { layer, path } = layers[i]!;
  const before = layers[i - 1]?.layer.type ?? '';
  if (layer.type !== 'batchNorm' || layer.inputs !== undefined || !/dropout/i.test(before)) return [];
  const message =
    'dropout right before a batch norm shifts the variance between training and inference (Li et al. 2018)';
  return [{ code: 'dropoutBeforeBatchNorm', pointer: pointerTo('model', ...path), message }];
}

/** Real topologies come with `trainable: false` on most layers, of the training that they were saved from. */
function adviseFrozen({ topology }: ModelSpec): Warning[] {
  const frozen = topology ? readTopology(topology).layers.filter(({ isFrozen }) => isFrozen) : [];
  if (frozen.length === 0) return [];
  const pointer = pointerTo('model', 'topology', ...frozen[0]!.path, 'config', 'trainable');
  const layers = frozen.length === 1 ? 'a layer has' : `${frozen.length} layers have`;
  const message = `${layers} trainable: false, which is passed over: a stage’s “trainable” says which layers it moves`;
  return [{ code: 'frozenInTopology', pointer, message }];
}

/** Beyond these the optimizer as a rule diverges. */
const HIGH_RATE = { sgd: 1, momentum: 0.5, nesterov: 0.5, adagrad: 1 } as const;
const HIGH_ADAPTIVE_RATE = 0.1;

function adviseRate({ optimizer: { type, learningRate }, schedule }: StageSpec, i: number): Warning[] {
  if (schedule.type === 'lrFinder') return [];
  const cycles = schedule.type === 'oneCycle';
  const rate = cycles ? schedule.maxLearningRate : learningRate;
  const high = type in HIGH_RATE ? HIGH_RATE[type as keyof typeof HIGH_RATE] : HIGH_ADAPTIVE_RATE;
  if (rate <= high) return [];
  const place = cycles ? ['schedule', 'maxLearningRate'] : ['optimizer', 'learningRate'];
  const message = `${rate} is high for ${type}: training may diverge`;
  return [{ code: 'highLearningRate', pointer: pointerTo('stages', i, ...place), message }];
}

/** Fewer rates than this draw no curve. */
const FEWEST_RATES = 30;

function adviseSweep(
  { schedule, epochs, batchSize }: StageSpec,
  { split }: DataSpec,
  { rows }: DataPlan,
  i: number,
): Warning[] {
  if (schedule.type !== 'lrFinder') return [];
  const trained = 'column' in split ? rows : rows * (1 - split.validation - split.test);
  const steps = Math.min(epochs * Math.ceil(trained / batchSize), schedule.steps ?? Number.POSITIVE_INFINITY);
  if (steps >= FEWEST_RATES) return [];
  const message = `the range test has about ${steps} steps, which is few to draw a curve: give it more epochs`;
  return [{ code: 'shortSweep', pointer: pointerTo('stages', i, 'epochs'), message }];
}

function adviseBatch(batchSize: number, layers: readonly PlacedLayer[], i: number): Warning[] {
  if (batchSize > 1 || !layers.some(({ layer }) => layer.type === 'batchNorm')) return [];
  const message = 'a batch of one has no variance, so batch norm gives zeros';
  return [{ code: 'batchNormBatchOne', pointer: pointerTo('stages', i, 'batchSize'), message }];
}

/** Far more parameters than numbers to learn from: it will memorize. */
const PARAMETERS_PER_NUMBER = 10;

function adviseSize(parameters: number, { rows, inputShape, window }: DataPlan, pointer: string): Warning[] {
  // Windows overlap: every row counts once.
  const width = size(inputShape) / (window?.length ?? 1);
  if (parameters <= PARAMETERS_PER_NUMBER * rows * width) return [];
  const message = `${parameters} parameters for ${rows} rows of ${width} numbers: the model can memorize them`;
  return [{ code: 'manyParameters', pointer, message }];
}
