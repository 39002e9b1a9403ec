import type { EventResource } from '../spec/resource/event.ts';
import type { EventRow } from './rows.ts';

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
