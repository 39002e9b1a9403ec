import type { RunRow } from '../../../src/jobs/rows.ts';
import type { RunResource } from '../../../src/spec/resource/run.ts';

export function runResource(row: RunRow): RunResource {
  return {
    id: row.id,
    jobId: row.jobId,
    attempt: row.attempt,
    status: row.status,
    workerId: row.workerId,
    device: row.device,
    resumedFromStep: row.resumedFromStep,
    failure: row.failure,
    startedAt: row.startedAt.toISOString(),
    finishedAt: row.finishedAt?.toISOString() ?? null,
  };
}
