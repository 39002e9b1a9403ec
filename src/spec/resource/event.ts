import { z } from 'zod';
import { Timestamp } from '../common.ts';

/** `sweep`: what the sweeper did, or a worker in its stead: its `action` is `requeued` or `gaveUp`. */
export const EventType = z.enum([
  'status',
  'run',
  'stage',
  'epoch',
  'earlyStopping',
  'learningRate',
  'checkpoint',
  'artifact',
  'warning',
  'model',
  'sweep',
]);
export type EventType = z.infer<typeof EventType>;

/** An immutable, numbered fact about a job. `sequence` counts from 1 without a gap within the job. */
export const EventResource = z
  .strictObject({
    id: z.string(),
    jobId: z.string(),
    sequence: z.int(),
    type: EventType,
    createdAt: Timestamp,
    data: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'Event' });
export type EventResource = z.infer<typeof EventResource>;
