import { z } from 'zod';
import { JsonNumber, Timestamp } from '../common.ts';
import { Failure } from '../failure.ts';
import { JobSpec } from '../job.ts';

/** `waiting`: for the model of another job of its pipeline. */
export const JobStatus = z.enum([
  'waiting',
  'queued',
  'running',
  'pausing',
  'paused',
  'cancelling',
  'succeeded',
  'failed',
  'cancelled',
]);
export type JobStatus = z.infer<typeof JobStatus>;

export const JobResource = z
  .strictObject({
    id: z.string(),
    name: z.string().nullable(),
    labels: z.record(z.string(), z.string()),
    status: JobStatus,
    statusDetail: z.string().nullable(),
    progress: z.number().min(0).max(1),
    etaSeconds: z.number().nullable(),
    stage: z.int().nullable(),
    epoch: z.int().nullable(),
    step: z.int().nullable(),
    metrics: z.record(z.string(), JsonNumber).meta({ description: 'The latest of each.' }),
    spec: JobSpec,
    failure: Failure.nullable(),
    modelId: z.string().nullable(),
    parentModelId: z.string().nullable().meta({
      description: 'The model that it builds on; null while the job that is to make it hasn’t ended.',
    }),
    pipelineId: z.string().nullable(),
    waitsFor: z.string().nullable().meta({
      description:
        'The job of its pipeline that makes the model that it builds on. It stays once that has ended.',
    }),
    createdAt: Timestamp,
    startedAt: Timestamp.nullable(),
    finishedAt: Timestamp.nullable(),
    urls: z.strictObject({
      self: z.string(),
      events: z.string(),
      metrics: z.string(),
      runs: z.string(),
      checkpoints: z.string(),
      artifacts: z.string(),
      cancel: z.string(),
      pause: z.string(),
      resume: z.string(),
      retry: z.string(),
      model: z.string().nullable(),
      pipeline: z.string().nullable(),
    }),
  })
  .meta({ id: 'Job' });
export type JobResource = z.infer<typeof JobResource>;
