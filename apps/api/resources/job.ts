import type { JobRow } from '../../../src/jobs/rows.ts';
import { toJsonNumbers } from '../../../src/spec/common.ts';
import type { JobResource } from '../../../src/spec/resource/job.ts';

export function jobResource(row: JobRow): JobResource {
  return {
    id: row.id,
    name: row.name,
    labels: row.labels,
    status: row.status,
    statusDetail: row.statusDetail,
    progress: row.progress,
    etaSeconds: row.etaSeconds,
    stage: row.stage,
    epoch: row.epoch,
    step: row.step,
    metrics: toJsonNumbers(row.metrics),
    spec: row.spec,
    failure: row.failure,
    modelId: row.modelId,
    parentModelId: row.parentModelId,
    pipelineId: row.pipelineId,
    waitsFor: row.waitsFor,
    createdAt: row.createdAt.toISOString(),
    startedAt: row.startedAt?.toISOString() ?? null,
    finishedAt: row.finishedAt?.toISOString() ?? null,
    urls: jobUrls(row),
  };
}

/** Moves with every change of the job. Weak, as two versions of the software may say one row differently. */
export function jobETag(row: JobRow): string {
  return `W/"${row.version}"`;
}

function jobUrls(row: JobRow): JobResource['urls'] {
  const self = `/v1/jobs/${row.id}`;
  return {
    self,
    events: `${self}/events`,
    metrics: `${self}/metrics`,
    runs: `${self}/runs`,
    checkpoints: `${self}/checkpoints`,
    artifacts: `${self}/artifacts`,
    cancel: `${self}/cancel`,
    pause: `${self}/pause`,
    resume: `${self}/resume`,
    retry: `${self}/retry`,
    model: row.modelId === null ? null : `/v1/models/${row.modelId}`,
    pipeline: row.pipelineId && `/v1/pipelines/${row.pipelineId}`,
  };
}
