import { z } from 'zod';
import { JsonNumber } from '../common.ts';

export const MetricResource = z
  .strictObject({
    name: z.string(),
    stage: z.int(),
    epoch: z.int(),
    step: z.int(),
    value: JsonNumber,
    runId: z.string(),
  })
  .meta({ id: 'Metric' });
export type MetricResource = z.infer<typeof MetricResource>;
