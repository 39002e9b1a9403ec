import { z } from 'zod';
import { Timestamp } from '../common.ts';
import { Failure } from '../failure.ts';

/** `lost`: its worker or trainer vanished. `stopped`: it was asked to, and left a checkpoint. */
export const RunStatus = z.enum(['running', 'succeeded', 'failed', 'stopped', 'lost']);
export type RunStatus = z.infer<typeof RunStatus>;

export const RunResource = z
  .strictObject({
    id: z.string(),
    jobId: z.string(),
    attempt: z.int(),
    status: RunStatus,
    workerId: z.string(),
    device: z.string().nullable(),
    resumedFromStep: z.int().nullable(),
    failure: Failure.nullable(),
    startedAt: Timestamp,
    finishedAt: Timestamp.nullable(),
  })
  .meta({ id: 'Run' });
export type RunResource = z.infer<typeof RunResource>;
