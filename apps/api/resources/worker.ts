import type { WorkerRow } from '../../../src/jobs/rows.ts';
import type { WorkerResource } from '../../../src/spec/resource/worker.ts';

/** Where a worker runs and what its predictor listens on is the operator's business. */
export function workerResource(row: WorkerRow): WorkerResource {
  return {
    id: row.id,
    device: row.device,
    predicts: row.predictorUrl !== null,
    startedAt: row.startedAt.toISOString(),
    heartbeatAt: row.heartbeatAt.toISOString(),
  };
}
