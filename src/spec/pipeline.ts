import { z } from 'zod';
import { Name } from './common.ts';
import { JobSpec, Labels } from './job.ts';

/** A job among others: they call it by its name. */
export const PipelineJobSpec = JobSpec.extend({
  name: Name.meta({
    description: 'No other job of the pipeline has it; later ones say it in `model.from.job`.',
  }),
}).meta({ id: 'PipelineJobSpec' });
export type PipelineJobSpec = z.infer<typeof PipelineJobSpec>;

/** What `POST /v1/pipelines` takes: jobs that build on each other, as a pretraining and what stands on it. */
export const PipelineSpec = z
  .strictObject({
    name: Name.optional(),
    labels: Labels,
    jobs: z
      .array(PipelineJobSpec)
      .min(2)
      .max(20)
      .superRefine(checkNames)
      .meta({ description: 'In their order: a job may build on the model of one before it.' }),
  })
  .meta({ id: 'PipelineSpec' });
export type PipelineSpec = z.infer<typeof PipelineSpec>;
export type PipelineSpecInput = z.input<typeof PipelineSpec>;

function checkNames(jobs: readonly PipelineJobSpec[], context: z.RefinementCtx): void {
  const names = jobs.map(({ name }) => name);
  for (const [i, name] of names.entries()) {
    if (names.indexOf(name) === i) continue;
    context.addIssue({ code: 'custom', path: [i, 'name'], message: `another job is named “${name}” too` });
  }
}
