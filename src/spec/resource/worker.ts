import { z } from 'zod';
import { Timestamp } from '../common.ts';

export const WorkerResource = z
  .strictObject({
    id: z.string(),
    device: z.string(),
    predicts: z.boolean().meta({ description: 'Its predictor is up.' }),
    startedAt: Timestamp,
    heartbeatAt: Timestamp,
  })
  .meta({ id: 'Worker' });
export type WorkerResource = z.infer<typeof WorkerResource>;
