import { z } from 'zod';
import { JsonNumber, Timestamp } from '../common.ts';
import { TargetName, Task, WindowSpec } from '../data.ts';
import { ModelFormat } from '../model-import.ts';
import { Trainable } from '../stage.ts';

/** A stage that made a model. */
export const ModelStage = z.strictObject({
  name: z.string(),
  objective: z.string().meta({ description: 'The `type` of the stage’s objective.' }),
  trainable: Trainable,
  epochs: z.int().meta({ description: 'At most; early stopping may have ended it before.' }),
});
export type ModelStage = z.infer<typeof ModelStage>;

/** What an import was taken from. */
export const ImportedFrom = z.strictObject({
  format: ModelFormat,
  file: z.string().meta({ description: 'The name of the file with the layers.' }),
});
export type ImportedFrom = z.infer<typeof ImportedFrom>;

export const ModelResource = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    version: z.int().meta({ description: 'Counts from 1 within the name.' }),
    task: Task.nullable().meta({
      description:
        'Null for an import whose head suits no task: other models can begin with its layers, and predictions answer 422.',
    }),
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
      description:
        'Null for a model that was trained on its inputs alone, and for an import whose head suits no task.',
    }),
    classes: z.array(z.string()).nullable().meta({ description: 'Of a rotation the degrees.' }),
    parameters: z.int(),
    stochastic: z
      .boolean()
      .meta({ description: 'Has a dropout layer, so Monte-Carlo dropout can be asked for.' }),
    evaluation: z.record(z.string(), JsonNumber),
    lineage: z.strictObject({
      jobId: z.string().nullable().meta({ description: 'Null for an import; so is the data set.' }),
      datasetId: z.string().nullable(),
      parentModelId: z
        .string()
        .nullable()
        .meta({ description: 'The model whose lower layers it began with.' }),
      imported: ImportedFrom.nullable().meta({ description: 'Null for a model that was trained here.' }),
      stages: z.array(ModelStage),
      seed: z.int().nullable().meta({ description: 'Null for an import.' }),
    }),
    createdAt: Timestamp,
    urls: z.strictObject({
      self: z.string(),
      layers: z.string(),
      predictions: z.string(),
      job: z.string().nullable(),
    }),
  })
  .meta({ id: 'ModelResource' });
export type ModelResource = z.infer<typeof ModelResource>;
