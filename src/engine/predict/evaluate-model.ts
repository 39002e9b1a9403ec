import { dispose } from '@tensorflow/tfjs-core';
import type { NamedArrays } from '../../safetensors.ts';
import type { Task } from '../../spec/data.ts';
import type { McDropoutSpec } from '../../spec/prediction.ts';
import { sigmoid } from '../sigmoid.ts';
import { fromArrays } from '../tensors.ts';
import type { Examples } from '../train/batch.ts';
import { createEagerExecutor } from '../train/eager-executor.ts';
import { batchesToMeasure, type EvaluationOptions, evaluateSplit } from '../train/evaluate.ts';
import {
  confusionMatrix,
  type LabelConfusion,
  labelAuc,
  labelConfusions,
  macroAuc,
} from '../train/evaluation-metrics.ts';
import { compileStage } from '../train/stage-program.ts';
import type { TrainJob } from '../train/train-job.ts';
import { asItIs, type Decode, toProbabilities } from './decode.ts';
import type { ForwardOf } from './forward.ts';
import { predictMonteCarlo } from './predict.ts';
import { meanOf } from './uncertainty.ts';

/**
 * The loss (the last stage's) and metrics of a split, dropout off: `loss`, `accuracy`, `rmse`, …
 * @param onBatch sees what the network said of each batch that the last stage's objective makes of the split
 */
export async function evaluateModel(
  job: TrainJob,
  weights: NamedArrays,
  split: Examples,
  onBatch?: EvaluationOptions['onBatch'],
): Promise<Record<string, number>> {
  const { program, keysAt } = compileLastStage(job);
  const executor = (job.createExecutor ?? createEagerExecutor)(program, keysAt);
  executor.load({ weights, slots: {} });
  const batches = batchesToMeasure(job, program.objective, split);
  const result = await evaluateSplit(executor, batches, job.createMetrics(), onBatch && { onBatch });
  executor.dispose();
  return result!;
}

function compileLastStage(job: TrainJob): ReturnType<typeof compileStage> {
  return compileStage(job, job.stages.at(-1)!, job.stages.length);
}

/** How often each class was taken for each, and how well the scores rank, dropout off; see `confusionMatrix`. */
export async function evaluateClasses(
  job: TrainJob,
  weights: NamedArrays,
  split: Examples,
): Promise<{ auc: number; confusion: number[][] }> {
  const { outputs, targets, units } = await outputsOf(job, weights, split);
  return {
    auc: macroAuc(outputs, targets, split.count, units),
    confusion: confusionMatrix(outputs, targets, split.count, units),
  };
}

/** How often each label was told rightly and wrongly, and how well the scores rank, dropout off. */
export async function evaluateLabels(
  job: TrainJob,
  weights: NamedArrays,
  split: Examples,
): Promise<{ auc: number; confusions: LabelConfusion[] }> {
  const { outputs, targets, units } = await outputsOf(job, weights, split);
  return {
    auc: labelAuc(outputs, targets, split.count, units),
    confusions: labelConfusions(outputs, targets, units),
  };
}

/** [count, units] of a whole split: what the network says, and what was asked for. */
async function outputsOf(
  job: TrainJob,
  weights: NamedArrays,
  split: Examples,
): Promise<{ outputs: Float32Array; targets: Float32Array; units: number }> {
  const units = job.network.outputUnits;
  const [outputs, targets] = [new Float32Array(split.count * units), new Float32Array(split.count * units)];
  let next = 0;
  await evaluateModel(job, weights, split, (said, { y }) => {
    outputs.set(said, next);
    targets.set(y, next);
    next += said.length;
  });
  return { outputs, targets, units };
}

/**
 * The metrics of a split by the mean of Monte-Carlo passes: `mc_accuracy`, `mc_nll`, `mc_rmse`, … The `mc_nll` of
 * Gaussians is that of their equal mixture.
 */
export async function evaluateMonteCarlo(
  job: TrainJob,
  weights: NamedArrays,
  split: Examples,
  options: McDropoutSpec,
  forwardOf?: ForwardOf,
): Promise<Record<string, number>> {
  const forward = forwardOf?.(job.network, weights);
  const model = { network: job.network, weights: fromArrays(weights), ...(forward && { forward }) };
  const { decode, combine } = job.network.spec.distribution === 'gaussian' ? MIXTURE : COMBINATIONS[job.task];
  const metrics = job.createMetrics();
  const { objective } = compileLastStage(job).program;
  for (const { x, y, asked, count } of batchesToMeasure(job, objective, split)) {
    const units = y.length / count;
    const of = (numbers: Float32Array, row: number) => numbers.subarray(row * units, (row + 1) * units);
    await predictMonteCarlo(model, x, count, decode, options, (samples, row) =>
      metrics.add(combine(samples), of(y, row), 1, units, asked && of(asked, row)),
    );
  }
  dispose(Object.values(model.weights));
  return Object.fromEntries(Object.entries(metrics.result()).map(([name, value]) => [`mc_${name}`, value]));
}

/** How a row's samples become the one output that its metrics are measured by. */
interface Combination {
  readonly decode: Decode;
  combine(samples: readonly Float64Array[]): Float32Array;
}

const CLASSES: Combination = {
  decode: toProbabilities,
  combine: (samples) => Float32Array.from(meanOf(samples), Math.log),
};
const LABELS: Combination = {
  // The probabilities of each label and of its contrary: of a sure label, one less the other would lose all.
  decode: (logits) => Float64Array.from([...logits, ...logits.map((logit) => -logit)], sigmoid),
  combine: (samples) => logOdds(meanOf(samples)),
};
const NUMBERS: Combination = {
  decode: asItIs,
  combine: (samples) => Float32Array.from(meanOf(samples)),
};
const COMBINATIONS: Readonly<Record<Task, Combination>> = {
  classification: CLASSES,
  rotation: CLASSES,
  multilabel: LABELS,
  pairs: LABELS,
  gan: LABELS,
  regression: NUMBERS,
  reconstruction: NUMBERS,
};

/** The passes' Gaussians one after another, which the metrics take for a mixture. */
const MIXTURE: Combination = {
  decode: asItIs,
  combine: (samples) => Float32Array.from(samples.flatMap((sample) => [...sample])),
};

/** @param probabilities of labels, and after them of their contraries */
function logOdds(probabilities: Float64Array): Float32Array {
  const labels = probabilities.length / 2;
  const log = probabilities.map(Math.log);
  return Float32Array.from({ length: labels }, (_, label) => log[label]! - log[labels + label]!);
}
