import type { ModelRow } from '../../../src/jobs/rows.ts';
import { toJsonNumbers } from '../../../src/spec/common.ts';
import type { ModelResource } from '../../../src/spec/resource/model.ts';

export function modelResource(row: ModelRow): ModelResource {
  const self = `/v1/models/${row.id}`;
  return {
    id: row.id,
    name: row.name,
    version: row.version,
    task: row.task,
    inputs: row.inputs,
    inputShape: row.inputShape,
    window: row.window,
    target: row.target,
    classes: row.classes,
    parameters: row.parameters,
    stochastic: row.stochastic,
    evaluation: toJsonNumbers(row.evaluation),
    lineage: {
      jobId: row.jobId,
      datasetId: row.datasetId,
      parentModelId: row.parentModelId,
      imported: row.imported,
      stages: row.stages,
      seed: row.seed,
    },
    createdAt: row.createdAt.toISOString(),
    urls: {
      self,
      layers: `${self}/layers`,
      predictions: `${self}/predictions`,
      job: row.jobId && `/v1/jobs/${row.jobId}`,
    },
  };
}
