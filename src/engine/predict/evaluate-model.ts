import { dispose } from '@tensorflow/tfjs-core';
import type { NamedArrays } from '../../safetensors.ts';
import type { Task } from '../../spec/data.ts';
import type { McDropoutSpec } from '../../spec/prediction.ts';
import { sigmoid } from '../sigmoid.ts';
import { fromArrays } from '../tensors.ts';
import { type Examples, inputsOf } from '../train/batch.ts';
import { createEagerExecutor } from '../train/eager-executor.ts';
import { evaluateSplit } from '../train/evaluate.ts';
import {
  confusionMatrix,
  type LabelConfusion,
  labelAuc,
  labelConfusions,
  macroAuc,
} from '../train/evaluation-metrics.ts';
import { compileStage } from '../train/stage-program.ts';
import type { TrainJob } from '../train/train-job.ts';
import { type Decode, toProbabilities } from './decode.ts';
import { deterministicPass } from './passes.ts';
import { predictMonteCarlo } from './predict.ts';
import { meanOf } from './uncertainty.ts';

/**
 * The loss (the last stage's) and metrics of a split, dropout off: `loss`, `accuracy`, `rmse`, …
 */
export async function evaluateModel(
  job: TrainJob,
  weights: NamedArrays,
  split: Examples,
): Promise<Record<string, number>> {
  const lastStage = job.stages.at(-1)!;
  const { program, randomAt } = compileStage(job, lastStage, job.stages.length);
  const executor = createEagerExecutor(program, randomAt);
  executor.load({ weights, slots: {} });
  const result = await evaluateSplit(executor, job.network, split, job.createMetrics());
  executor.dispose();
  return result!;
}

/** How often each class was taken for each, and how well the scores rank, dropout off; see `confusionMatrix`. */
export async function evaluateClasses(
  job: TrainJob,
  weights: NamedArrays,
  split: Examples,
): Promise<{ auc: number; confusion: number[][] }> {
  const outputs = await outputsOf(job, weights, split);
  return {
    auc: macroAuc(outputs, split.y, split.count, split.units),
    confusion: confusionMatrix(outputs, split.y, split.count, split.units),
  };
}

/** How often each label was told rightly and wrongly, and how well the scores rank, dropout off. */
export async function evaluateLabels(
  job: TrainJob,
  weights: NamedArrays,
  split: Examples,
): Promise<{ auc: number; confusions: LabelConfusion[] }> {
  const outputs = await outputsOf(job, weights, split);
  return {
    auc: labelAuc(outputs, split.y, split.count, split.units),
    confusions: labelConfusions(outputs, split.y, split.units),
  };
}

async function outputsOf(job: TrainJob, weights: NamedArrays, split: Examples): Promise<Float32Array> {
  const tensors = fromArrays(weights);
  const outputs = await deterministicPass(job.network, tensors, inputsOf(split, 0, split.count), split.count);
  dispose(Object.values(tensors));
  return outputs;
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
): Promise<Record<string, number>> {
  const model = { network: job.network, weights: fromArrays(weights) };
  const { decode, combine } = job.network.spec.distribution === 'gaussian' ? MIXTURE : COMBINATIONS[job.task];
  const metrics = job.createMetrics();
  const { units } = split;
  const inputs = inputsOf(split, 0, split.count);
  await predictMonteCarlo(model, inputs, split.count, decode, options, (samples, row) =>
    metrics.add(combine(samples), split.y.subarray(row * units, (row + 1) * units), 1, units),
  );
  dispose(Object.values(model.weights));
  return Object.fromEntries(Object.entries(metrics.result()).map(([name, value]) => [`mc_${name}`, value]));
}

/** How a row's samples become the one output that its metrics are measured by. */
interface Combination {
  readonly decode: Decode;
  combine(samples: readonly Float64Array[]): Float32Array;
}

const COMBINATIONS: Readonly<Record<Task, Combination>> = {
  classification: {
    decode: toProbabilities,
    combine: (samples) => Float32Array.from(meanOf(samples), Math.log),
  },
  multilabel: {
    // The probabilities of each label and of its contrary: of a sure label, one less the other would lose all.
    decode: (logits) => Float64Array.from([...logits, ...logits.map((logit) => -logit)], sigmoid),
    combine: (samples) => logOdds(meanOf(samples)),
  },
  regression: {
    decode: (output) => Float64Array.from(output),
    combine: (samples) => Float32Array.from(meanOf(samples)),
  },
};

/** The passes' Gaussians one after another, which the metrics take for a mixture. */
const MIXTURE: Combination = {
  decode: COMBINATIONS.regression.decode,
  combine: (samples) => Float32Array.from(samples.flatMap((sample) => [...sample])),
};

/** @param probabilities of labels, and after them of their contraries */
function logOdds(probabilities: Float64Array): Float32Array {
  const labels = probabilities.length / 2;
  const log = probabilities.map(Math.log);
  return Float32Array.from({ length: labels }, (_, label) => log[label]! - log[labels + label]!);
}
