import type { DataPlan } from '../../data/plan.ts';
import { pointerTo } from '../../data/problems.ts';
import { activationName } from '../../spec/activation.ts';
import { defaultInitializer } from '../../spec/initializer.ts';
import type { JobSpec } from '../../spec/job.ts';
import type { LayerSpec } from '../../spec/layer.ts';
import { size } from '../../spec/shapes.ts';
import type { StageSpec } from '../../spec/stage.ts';
import type { Validation } from '../services.ts';

type Warning = Validation['warnings'][number];

/** What is allowed and yet rarely meant. */
export function advise(spec: JobSpec, plan: DataPlan, parameters: number): Warning[] {
  return [
    ...spec.model.layers.flatMap((layer, i) => adviseLayer(spec.model.layers, layer, i, plan)),
    ...spec.stages.flatMap((stage, i) => [
      ...adviseRate(stage, i),
      ...adviseBatch(stage.batchSize, spec.model.layers, i),
    ]),
    ...adviseSize(parameters, plan),
  ];
}

function adviseLayer(layers: readonly LayerSpec[], layer: LayerSpec, i: number, plan: DataPlan): Warning[] {
  const pointer = pointerTo('model', 'layers', i);
  if (layer.type === 'batchNorm' && i > 0 && /dropout/i.test(layers[i - 1]!.type)) {
    const message =
      'dropout right before a batch norm shifts the variance between training and inference (Li et al. 2018)';
    return [{ code: 'dropoutBeforeBatchNorm', pointer, message }];
  }
  if (!('activation' in layer) || activationName(layer.activation) !== 'selu') return [];
  const faults = seluFaults(layers, layer, plan);
  if (faults.length === 0) return [];
  const message = `SELU keeps mean 0 and variance 1 only under its conditions, and here ${faults.join('; ')}`;
  return [{ code: 'seluConditions', pointer, message }];
}

/** Klambauer et al. 2017: standardized inputs, LeCun normal, dense layers one after another, alpha dropout. */
function seluFaults(
  layers: readonly LayerSpec[],
  layer: LayerSpec & { activation: unknown },
  plan: DataPlan,
): string[] {
  const initializer =
    'initializer' in layer ? (layer.initializer ?? defaultInitializer('selu')) : 'lecunNormal';
  return [
    ...(initializer === 'lecunNormal' ? [] : ['the initializer isn’t lecunNormal']),
    ...(plan.standardizeInputs || layers[0]?.type === 'batchNorm' ? [] : ['the inputs aren’t standardized']),
    ...(layers.some(({ type }) => type === 'dropout') ? ['dropout should be alphaDropout'] : []),
  ];
}

/** Beyond these the optimizer as a rule diverges. */
const HIGH_RATE = { sgd: 1, momentum: 0.5, nesterov: 0.5, adagrad: 1 } as const;
const HIGH_ADAPTIVE_RATE = 0.1;

function adviseRate({ optimizer: { type, learningRate }, schedule }: StageSpec, i: number): Warning[] {
  const cycles = schedule.type === 'oneCycle';
  const rate = cycles ? schedule.maxLearningRate : learningRate;
  const high = type in HIGH_RATE ? HIGH_RATE[type as keyof typeof HIGH_RATE] : HIGH_ADAPTIVE_RATE;
  if (rate <= high) return [];
  const place = cycles ? ['schedule', 'maxLearningRate'] : ['optimizer', 'learningRate'];
  const message = `${rate} is high for ${type}: training may diverge`;
  return [{ code: 'highLearningRate', pointer: pointerTo('stages', i, ...place), message }];
}

function adviseBatch(batchSize: number, layers: readonly LayerSpec[], i: number): Warning[] {
  if (batchSize > 1 || !layers.some(({ type }) => type === 'batchNorm')) return [];
  const message = 'a batch of one has no variance, so batch norm gives zeros';
  return [{ code: 'batchNormBatchOne', pointer: pointerTo('stages', i, 'batchSize'), message }];
}

/** Far more parameters than numbers to learn from: it will memorize. */
const PARAMETERS_PER_NUMBER = 10;

function adviseSize(parameters: number, { rows, inputShape, window }: DataPlan): Warning[] {
  // Windows overlap: every row counts once.
  const width = size(inputShape) / (window?.length ?? 1);
  if (parameters <= PARAMETERS_PER_NUMBER * rows * width) return [];
  const message = `${parameters} parameters for ${rows} rows of ${width} numbers: the model can memorize them`;
  return [{ code: 'manyParameters', pointer: '/model/layers', message }];
}
