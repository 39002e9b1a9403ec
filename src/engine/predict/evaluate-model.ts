import { dispose } from '@tensorflow/tfjs-core';
import type { McDropoutSpec } from '../../spec/prediction.ts';
import type { TargetEncoding } from '../../spec/preprocess.ts';
import type { StageSpec } from '../../spec/stage.ts';
import type { NamedArrays } from '../safetensors.ts';
import { fromArrays } from '../tensors.ts';
import { type Examples, inputsOf } from '../train/batch.ts';
import { createEagerExecutor } from '../train/eager-executor.ts';
import { evaluateSplit } from '../train/evaluate.ts';
import { confusionMatrix, macroAuc } from '../train/evaluation-metrics.ts';
import { compileStage } from '../train/stage-program.ts';
import type { TrainJob } from '../train/train-job.ts';
import { deterministicPass } from './passes.ts';
import { type Decode, predictMonteCarlo, toProbabilities, toUnits } from './predict.ts';
import { meanOf } from './uncertainty.ts';

/** How a target's outputs are decoded: to class probabilities, or to its own units. */
export function decoderOf(target: TargetEncoding): Decode {
  return target.type === 'category' ? toProbabilities : toUnits(target);
}

/**
 * The loss (the last stage's) and metrics of a split, dropout off: `loss`, `accuracy`, `rmse`, …
 */
export async function evaluateModel(
  job: TrainJob,
  weights: NamedArrays,
  split: Examples,
): Promise<Record<string, number>> {
  const lastStage: StageSpec = job.stages.at(-1)!;
  const { program, randomAt } = compileStage(job, lastStage, job.stages.length);
  const executor = createEagerExecutor(program, randomAt);
  executor.load({ weights, slots: {} });
  const result = await evaluateSplit(executor, split, job.createMetrics());
  executor.dispose();
  return result!;
}

/** How often each class was taken for each, and how well the scores rank, dropout off; see `confusionMatrix`. */
export async function evaluateClasses(
  job: TrainJob,
  weights: NamedArrays,
  split: Examples,
): Promise<{ auc: number; confusion: number[][] }> {
  const tensors = fromArrays(weights);
  const outputs = await deterministicPass(job.network, tensors, inputsOf(split, 0, split.count), split.count);
  dispose(Object.values(tensors));
  return {
    auc: macroAuc(outputs, split.y, split.count, split.units),
    confusion: confusionMatrix(outputs, split.y, split.count, split.units),
  };
}

/** The metrics of a split by the mean of Monte-Carlo passes: `mc_accuracy`, `mc_nll`, `mc_rmse`, … */
export async function evaluateMonteCarlo(
  job: TrainJob,
  weights: NamedArrays,
  split: Examples,
  options: McDropoutSpec,
): Promise<Record<string, number>> {
  const model = { network: job.network, weights: fromArrays(weights) };
  // Metrics take logits or standardized values: the logarithms of probabilities are logits.
  const [decode, encode] =
    job.task === 'classification' ? [toProbabilities, Math.log] : [toUnits({ mean: 0, std: 1 }), Number];
  const mean = (samples: Float64Array[]) => meanOf(samples).map(encode);
  const inputs = inputsOf(split, 0, split.count);
  const { summaries } = await predictMonteCarlo(model, inputs, split.count, decode, options, mean);
  dispose(Object.values(model.weights));
  const metrics = job.createMetrics();
  const outputs = Float32Array.from(summaries.flatMap((summary) => [...summary]));
  metrics.add(outputs, split.y, split.count, split.units);
  return Object.fromEntries(Object.entries(metrics.result()).map(([name, value]) => [`mc_${name}`, value]));
}
