import { z } from 'zod';
import { JsonNumber, Timestamp } from '../common.ts';
import { TargetName, Task, WindowSpec } from '../data.ts';

export const ModelResource = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    version: z.int().meta({ description: 'Counts from 1 within the name.' }),
    task: Task,
    inputs: z.array(z.string()),
    inputShape: z.array(z.int()).meta({
      description:
        'The shape in which the network takes one input: `[8]`, `[28, 28, 1]`, or `[24, 8]` for a window of 24 rows. Empty for a model from before it was kept.',
    }),
    window: WindowSpec.nullable().meta({
      description:
        'For a series: an input is a list of `length` rows, and the prediction is of the row `horizon` rows after the last.',
    }),
    target: TargetName.nullable().meta({
      description: 'Null for a model that was trained on its inputs alone.',
    }),
    classes: z.array(z.string()).nullable().meta({ description: 'Of a rotation the degrees.' }),
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
