import type { CheckpointRow } from '../../../src/jobs/rows.ts';
import type { CheckpointResource } from '../../../src/spec/resource/artifact.ts';

export function checkpointResource(row: CheckpointRow): CheckpointResource {
  const { id, jobId, runId, stage, epoch, step, bytes } = row;
  return {
    id,
    jobId,
    runId,
    stage,
    epoch,
    step,
    bytes,
    sha256: row.blobKey,
    createdAt: row.createdAt.toISOString(),
  };
}
