import type { Task } from '../../spec/data.ts';
import { classificationMetrics } from './classification-metrics.ts';
import { regressionMetrics } from './regression-metrics.ts';

/** Sums metrics over an epoch or a whole split, batch by batch, in float64. */
export interface MetricAccumulator {
  /**
   * @param outputs [count, units], row after row: logits, or standardized values. For probabilities pass their
   *   logarithms: softmax gives them back.
   * @param targets [count, units]: one-hot, or standardized
   */
  add(outputs: Float32Array, targets: Float32Array, count: number, units: number): void;
  /** The metrics of all that was added; NaN for nothing. */
  result(): Record<string, number>;
  /** What a checkpoint in the middle of an epoch keeps, as plain JSON. */
  state(): MetricsState;
  restore(state: MetricsState): void;
}
export type MetricsState = Readonly<Record<string, number | readonly number[]>>;

/**
 * The metrics of a task: `accuracy`, `nll`, `precision`, `recall`, `f1`, `ece`; or `rmse`, `mae`, `r2`.
 * @param targetStd the standard deviation that targets were divided by: errors come out in the target's units
 */
export function createMetrics(task: Task, targetStd = 1): MetricAccumulator {
  return task === 'classification' ? classificationMetrics() : regressionMetrics(targetStd);
}

const BETTER_WHEN_HIGHER = new Set(['accuracy', 'precision', 'recall', 'f1', 'auc', 'r2']);

/** Whether more of this metric is better; of losses, errors and all else less is. `val_` makes no difference. */
export function improvesUpwards(metric: string): boolean {
  return BETTER_WHEN_HIGHER.has(metric.replace(/^val_/, ''));
}
