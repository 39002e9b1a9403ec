import type { Task } from '../../spec/data.ts';
import type { Distribution } from '../../spec/distribution.ts';
import { classificationMetrics } from './classification-metrics.ts';
import { ganMetrics } from './gan-metrics.ts';
import { gaussianMetrics } from './gaussian-metrics.ts';
import { labelMetrics, pairMetrics } from './label-metrics.ts';
import type { MetricAccumulator } from './metric-accumulator.ts';
import { regressionMetrics } from './regression-metrics.ts';

export interface MetricOptions {
  readonly distribution?: Distribution;
  /** Asks for `topKAccuracy` of a classification. */
  readonly topK?: number | undefined;
  /** The standard deviation that targets were divided by: errors come out in the target's units. */
  readonly targetStd?: number;
}

/** The metrics of a task, by the names that `spec/metric-names.ts` lists. */
export function createMetrics(
  task: Task,
  { distribution = 'point', targetStd = 1, topK }: MetricOptions = {},
): MetricAccumulator {
  switch (task) {
    case 'classification':
    case 'rotation':
      return classificationMetrics(topK);
    case 'multilabel':
      return labelMetrics();
    case 'gan':
      return ganMetrics();
    case 'pairs':
      return pairMetrics();
    case 'reconstruction':
      return regressionMetrics(1);
    case 'regression':
      return distribution === 'gaussian' ? gaussianMetrics(targetStd) : regressionMetrics(targetStd);
  }
}

const BETTER_WHEN_HIGHER = new Set([
  'accuracy',
  'topKAccuracy',
  'exactMatch',
  'precision',
  'recall',
  'f1',
  'auc',
  'r2',
]);

/** Whether more of this metric is better; of losses, errors and all else less is. `val_` makes no difference. */
export function improvesUpwards(metric: string): boolean {
  return BETTER_WHEN_HIGHER.has(metric.replace(/^val_/, ''));
}
