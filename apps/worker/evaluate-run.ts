import {
  evaluateClasses,
  evaluateLabels,
  evaluateModel,
  evaluateMonteCarlo,
} from '../../src/engine/predict/evaluate-model.ts';
import type { ForwardOf } from '../../src/engine/predict/forward.ts';
import type { Examples } from '../../src/engine/train/batch.ts';
import type { TrainJob } from '../../src/engine/train/train-job.ts';
import type { NamedArrays } from '../../src/safetensors.ts';
import { toJsonNumber } from '../../src/spec/common.ts';
import type { JobSpec } from '../../src/spec/job.ts';
import type { McDropoutSpec } from '../../src/spec/prediction.ts';
import { type FittedPreprocess, type TargetEncoding, TURNS } from '../../src/spec/preprocess.ts';

export interface Evaluation {
  /** Metrics by name, with the split's before it: `test_rmse`, `test_mc_accuracy`. */
  readonly evaluation: Record<string, number>;
  /** The same with what is no single number, as JSON for the user. */
  readonly report: object;
}

/** Evaluates a trained network by the test split, or by the validation split where there is none. */
export async function evaluateRun(
  job: TrainJob,
  spec: JobSpec,
  { target }: FittedPreprocess,
  weights: NamedArrays,
  forwardOf?: ForwardOf,
): Promise<Evaluation> {
  const name = job.data.test.count > 0 ? 'test' : 'validation';
  const split = job.data[name];
  if (split.count === 0) return { evaluation: {}, report: { split: null } };
  const mcDropout = inStandardizedUnits(spec.evaluate.mcDropout, target);
  const { auc, confusion } = await evaluateTarget(job, target, weights, split);
  const metrics = {
    ...(await evaluateModel(job, weights, split)),
    ...(auc !== undefined && { auc }),
    ...(mcDropout && (await evaluateMonteCarlo(job, weights, split, mcDropout, forwardOf))),
  };
  const prefix = name === 'test' ? 'test' : 'val';
  return {
    evaluation: mapEntries(metrics, (metric) => `${prefix}_${metric}`, Number),
    report: {
      split: name,
      rows: split.count,
      metrics: mapEntries(metrics, String, toJsonNumber),
      ...confusion,
    },
  };
}

/** Evaluation compares standardized numbers, and the spec names an error in the target's own units. */
function inStandardizedUnits(mcDropout: McDropoutSpec | undefined, target: TargetEncoding): typeof mcDropout {
  const { targetStandardError } = mcDropout ?? {};
  if (!mcDropout || targetStandardError === undefined || target.type !== 'number') return mcDropout;
  return { ...mcDropout, targetStandardError: targetStandardError / target.std };
}

/** What is measured of one kind of target only: how well its scores rank, and what is taken for what. */
async function evaluateTarget(
  job: TrainJob,
  target: TargetEncoding,
  weights: NamedArrays,
  split: Examples,
): Promise<{ auc?: number; confusion?: object }> {
  switch (target.type) {
    case 'category':
    case 'turn': {
      const classes = target.type === 'turn' ? TURNS : target.classes;
      const { auc, confusion } = await evaluateClasses(job, weights, split);
      return { auc, confusion: { classes, confusionMatrix: confusion } };
    }
    case 'labels': {
      const { auc, confusions } = await evaluateLabels(job, weights, split);
      return { auc, confusion: { labels: target.names.map((name, i) => ({ name, ...confusions[i] })) } };
    }
    case 'sameness': {
      const { auc, confusions } = await evaluateLabels(job, weights, split);
      return { auc, confusion: { same: confusions[0] } };
    }
    case 'number':
    case 'input':
    case 'truth':
    case 'example':
      return {};
  }
}

function mapEntries<T>(
  metrics: Readonly<Record<string, number>>,
  name: (metric: string) => string,
  value: (number: number) => T,
): Record<string, T> {
  return Object.fromEntries(Object.entries(metrics).map(([metric, number]) => [name(metric), value(number)]));
}
