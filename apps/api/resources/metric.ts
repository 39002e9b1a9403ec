import type { MetricRow } from '../../../src/jobs/rows.ts';
import { toJsonNumber } from '../../../src/spec/common.ts';
import type { MetricResource } from '../../../src/spec/resource/metric.ts';

export function metricResource(row: MetricRow): MetricResource {
  const { name, stage, epoch, step, value, runId } = row;
  return { name, stage, epoch, step, value: toJsonNumber(value), runId };
}
