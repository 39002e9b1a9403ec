import type { Task } from '../../spec/data.ts';
import { classificationMetrics } from './classification-metrics.ts';
import type { MetricAccumulator } from './metric-accumulator.ts';
import { regressionMetrics } from './regression-metrics.ts';

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
