import { z } from 'zod';
import { JsonNumber, Timestamp } from '../common.ts';
import { TargetName, Task } from '../data.ts';

export const ModelResource = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    version: z.int().meta({ description: 'Counts from 1 within the name.' }),
    task: Task,
    inputs: z.array(z.string()),
    target: TargetName,
    classes: z.array(z.string()).nullable(),
    parameters: z.int(),
    stochastic: z
      .boolean()
      .meta({ description: 'Has a dropout layer, so Monte-Carlo dropout can be asked for.' }),
    evaluation: z.record(z.string(), JsonNumber),
    lineage: z.strictObject({
      jobId: z.string(),
      datasetId: z.string(),
      parentModelId: z.string().nullable(),
      seed: z.int(),
    }),
    createdAt: Timestamp,
    urls: z.strictObject({ self: z.string(), predictions: z.string(), job: z.string() }),
  })
  .meta({ id: 'ModelResource' });
export type ModelResource = z.infer<typeof ModelResource>;
