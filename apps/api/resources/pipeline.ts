import { pipelineStatus } from '../../../src/jobs/pipeline-status.ts';
import type { JobRow, PipelineRow } from '../../../src/jobs/rows.ts';
import type { PipelineValidation } from '../../../src/jobs/services.ts';
import type { PipelineResource, PipelineValidationResource } from '../../../src/spec/resource/pipeline.ts';
import { jobResource } from './job.ts';
import { validationResource } from './validation.ts';

export function pipelineResource({ id, name, labels, jobs, createdAt }: PipelineRow): PipelineResource {
  const self = `/v1/pipelines/${id}`;
  return {
    id,
    name,
    labels,
    status: pipelineStatus(jobs),
    progress: jobs.reduce((sum, { progress }) => sum + progress, 0) / jobs.length,
    jobs: jobs.map(withoutSpec),
    createdAt: createdAt.toISOString(),
    startedAt: first(jobs)?.toISOString() ?? null,
    finishedAt: last(jobs)?.toISOString() ?? null,
    urls: { self, cancel: `${self}/cancel` },
  };
}

/** Every change of a job moves its version, and none moves it back, so their sum moves too. */
export function pipelineETag({ jobs }: PipelineRow): string {
  return `W/"${jobs.reduce((sum, { version }) => sum + version, 0)}"`;
}

export function pipelineValidationResource(jobs: PipelineValidation): PipelineValidationResource {
  return { jobs: jobs.map(({ name, ...validation }) => ({ name, ...validationResource(validation) })) };
}

function withoutSpec(row: JobRow): PipelineResource['jobs'][number] {
  const { spec: _, ...job } = jobResource(row);
  return job;
}

function first(jobs: readonly JobRow[]): Date | undefined {
  return jobs.flatMap(({ startedAt }) => startedAt ?? []).sort(byTime)[0];
}

/** Undefined until all have ended. */
function last(jobs: readonly JobRow[]): Date | undefined {
  if (jobs.some(({ finishedAt }) => finishedAt === null)) return undefined;
  return jobs
    .flatMap(({ finishedAt }) => finishedAt ?? [])
    .sort(byTime)
    .at(-1);
}

function byTime(a: Date, b: Date): number {
  return a.getTime() - b.getTime();
}
