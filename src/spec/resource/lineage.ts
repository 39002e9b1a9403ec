import { z } from 'zod';
import { Timestamp } from '../common.ts';
import { ModelStage } from './model.ts';

/** A model and what made it. */
export const LineageResource = z
  .strictObject({
    modelId: z.string(),
    name: z.string(),
    version: z.int(),
    parentModelId: z.string().nullable(),
    parentDeleted: z.boolean().meta({
      description: 'The parent is deleted, so that the lineage ends here: what lies below isn’t known.',
    }),
    job: z
      .strictObject({ id: z.string(), name: z.string().nullable(), pipelineId: z.string().nullable() })
      .nullable()
      .meta({ description: 'Null for an import; so is the data set.' }),
    dataset: z
      .strictObject({ id: z.string(), name: z.string().nullable() })
      .nullable()
      .meta({ description: 'Its name is null once it is deleted.' }),
    stages: z.array(ModelStage),
    seed: z.int().nullable().meta({ description: 'Null for an import.' }),
    createdAt: Timestamp,
  })
  .meta({ id: 'Lineage' });
export type LineageResource = z.infer<typeof LineageResource>;
