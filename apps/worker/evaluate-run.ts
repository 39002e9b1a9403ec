import {
  evaluateClasses,
  evaluateModel,
  evaluateMonteCarlo,
} from '../../src/engine/predict/evaluate-model.ts';
import type { NamedArrays } from '../../src/engine/safetensors.ts';
import type { TrainJob } from '../../src/engine/train/train-job.ts';
import { toJsonNumber } from '../../src/spec/common.ts';
import type { JobSpec } from '../../src/spec/job.ts';
import type { Preprocess } from '../../src/spec/preprocess.ts';

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
  { target }: Preprocess,
  weights: NamedArrays,
): Promise<Evaluation> {
  const name = job.data.test.count > 0 ? 'test' : 'validation';
  const split = job.data[name];
  if (split.count === 0) return { evaluation: {}, report: { split: null } };
  const { mcDropout } = spec.evaluate;
  const classes = target.type === 'category' ? await evaluateClasses(job, weights, split) : null;
  const metrics = {
    ...(await evaluateModel(job, weights, split)),
    ...(classes && { auc: classes.auc }),
    ...(mcDropout && (await evaluateMonteCarlo(job, weights, split, mcDropout))),
  };
  const prefix = name === 'test' ? 'test' : 'val';
  return {
    evaluation: mapEntries(metrics, (metric) => `${prefix}_${metric}`, Number),
    report: {
      split: name,
      rows: split.count,
      metrics: mapEntries(metrics, String, toJsonNumber),
      ...(classes &&
        target.type === 'category' && { classes: target.classes, confusionMatrix: classes.confusion }),
    },
  };
}

function mapEntries<T>(
  metrics: Readonly<Record<string, number>>,
  name: (metric: string) => string,
  value: (number: number) => T,
): Record<string, T> {
  return Object.fromEntries(Object.entries(metrics).map(([metric, number]) => [name(metric), value(number)]));
}
