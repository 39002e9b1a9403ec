import type { Ancestor } from '../../../src/jobs/lineage.ts';
import type { LineageResource } from '../../../src/spec/resource/lineage.ts';

export function lineageResource({ model, job, dataset, isParentDeleted }: Ancestor): LineageResource {
  const { jobId, datasetId } = model;
  return {
    modelId: model.id,
    name: model.name,
    version: model.version,
    parentModelId: model.parentModelId,
    parentDeleted: isParentDeleted,
    job: jobId === null ? null : { id: jobId, name: job?.name ?? null, pipelineId: job?.pipelineId ?? null },
    dataset: datasetId === null ? null : { id: datasetId, name: dataset?.name ?? null },
    stages: model.stages,
    seed: model.seed,
    createdAt: model.createdAt.toISOString(),
  };
}
