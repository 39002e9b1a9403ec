import { z } from 'zod';
import { Timestamp } from '../common.ts';

export const ArtifactResource = z
  .strictObject({
    id: z.string(),
    jobId: z.string(),
    name: z.string(),
    mediaType: z.string(),
    bytes: z.int(),
    sha256: z.string(),
    createdAt: Timestamp,
    url: z.string(),
  })
  .meta({ id: 'Artifact' });
export type ArtifactResource = z.infer<typeof ArtifactResource>;

export const CheckpointResource = z
  .strictObject({
    id: z.string(),
    jobId: z.string(),
    runId: z.string(),
    stage: z.int(),
    epoch: z.int(),
    step: z.int(),
    bytes: z.int(),
    sha256: z.string(),
    createdAt: Timestamp,
  })
  .meta({ id: 'Checkpoint' });
export type CheckpointResource = z.infer<typeof CheckpointResource>;
