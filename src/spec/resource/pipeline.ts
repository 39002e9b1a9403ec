import { z } from 'zod';
import { Timestamp } from '../common.ts';
import { JobResource } from './job.ts';
import { ValidationResource } from './validation.ts';

/** Follows from the statuses of its jobs. */
export const PipelineStatus = z.enum(['queued', 'running', 'cancelling', 'succeeded', 'failed', 'cancelled']);
export type PipelineStatus = z.infer<typeof PipelineStatus>;

export const PipelineResource = z
  .strictObject({
    id: z.string(),
    name: z.string().nullable(),
    labels: z.record(z.string(), z.string()),
    status: PipelineStatus.meta({
      description: 'Follows from its jobs: it ends when all have ended, as failed where one has failed.',
    }),
    progress: z.number().min(0).max(1).meta({ description: 'The mean of its jobs’.' }),
    jobs: z
      .array(JobResource.omit({ spec: true }).meta({ id: 'PipelineJob' }))
      .meta({ description: 'In their order, without their specs.' }),
    createdAt: Timestamp,
    startedAt: Timestamp.nullable(),
    finishedAt: Timestamp.nullable(),
    urls: z.strictObject({ self: z.string(), cancel: z.string() }),
  })
  .meta({ id: 'Pipeline' });
export type PipelineResource = z.infer<typeof PipelineResource>;

/** What each job of a pipeline would be. */
export const PipelineValidationResource = z
  .strictObject({ jobs: z.array(ValidationResource.extend({ name: z.string() })) })
  .meta({ id: 'PipelineValidation' });
export type PipelineValidationResource = z.infer<typeof PipelineValidationResource>;
