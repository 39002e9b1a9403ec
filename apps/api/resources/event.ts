import type { EventRow } from '../../../src/jobs/rows.ts';
import type { EventResource } from '../../../src/spec/resource/event.ts';

export function eventResource(row: EventRow): EventResource {
  return {
    id: row.id,
    jobId: row.jobId,
    sequence: row.sequence,
    type: row.type,
    createdAt: row.createdAt.toISOString(),
    data: row.data,
  };
}
