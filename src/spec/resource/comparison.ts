import { z } from 'zod';
import { JsonNumber } from '../common.ts';
import { JobStatus } from './job.ts';

const Compared = z.strictObject({
  id: z.string(),
  name: z.string().nullable(),
  status: JobStatus,
  seed: z.int(),
  datasetId: z.string(),
  modelId: z.string().nullable(),
  ancestors: z.array(z.string()).meta({ description: 'The models that it builds on, the nearest first.' }),
  deletedAncestor: z.string().nullable().meta({
    description:
      'The model that the last of them was built on, if it is deleted: what lies below isn’t known.',
  }),
  pipelineId: z.string().nullable(),
  runs: z.int(),
  device: z.string().nullable().meta({ description: 'Of its latest run.' }),
  durationSeconds: z.number().nullable().meta({
    description: 'From the start of its first run to its end; null before that.',
  }),
  steps: z.int().meta({ description: 'Optimizer updates of all stages.' }),
});

/** What differs between jobs. Records go by the id of the job, and leave out one that has no such thing. */
export const ComparisonResource = z
  .strictObject({
    jobs: z.array(Compared),
    spec: z.record(z.string(), z.record(z.string(), z.unknown())).meta({
      description:
        'By JSON Pointer into the spec, what isn’t the same in all jobs: the value in each. Lists are compared place by place.',
    }),
    metrics: z.record(
      z.string(),
      z.strictObject({
        values: z.record(z.string(), JsonNumber).meta({ description: 'The latest, or of the evaluation.' }),
        deltas: z
          .record(z.string(), JsonNumber)
          .meta({ description: 'Of the others, less the first job’s.' }),
      }),
    ),
  })
  .meta({ id: 'Comparison' });
export type ComparisonResource = z.infer<typeof ComparisonResource>;
