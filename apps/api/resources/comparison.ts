import type { ComparedJob, Comparison } from '../../../src/jobs/compare-jobs.ts';
import { toJsonNumbers } from '../../../src/spec/common.ts';
import type { ComparisonResource } from '../../../src/spec/resource/comparison.ts';

export function comparisonResource({ jobs, spec, metrics }: Comparison): ComparisonResource {
  return {
    jobs: jobs.map(comparedJob),
    spec,
    metrics: Object.fromEntries(
      Object.entries(metrics).map(([name, { values, deltas }]) => [
        name,
        { values: toJsonNumbers(values), deltas: toJsonNumbers(deltas) },
      ]),
    ),
  };
}

function comparedJob({ job, ancestors, ...found }: ComparedJob): ComparisonResource['jobs'][number] {
  return {
    id: job.id,
    name: job.name,
    status: job.status,
    seed: job.spec.seed,
    datasetId: job.datasetId,
    modelId: job.modelId,
    ancestors: ancestors.map(({ id }) => id),
    pipelineId: job.pipelineId,
    ...found,
  };
}
