import { TrainyardError } from '../../jobs/errors.ts';
import { newId } from '../../jobs/ids.ts';
import type { EventStore } from '../../jobs/ports.ts';
import type { EventRow } from '../../jobs/rows.ts';
import { toJson } from './json.ts';
import { JOB_CHANGED } from './notifications.ts';
import type { Session } from './session.ts';

export function eventStore({ sql }: Session): EventStore {
  return {
    /**
     * The job's row counts its events: whoever appends holds it until the commit, so numbers have no gap and
     * become visible in their order. Listeners hear of it when it is committed. A webhook that is being deleted is
     * waited for rather than stumbled upon: the job's own change must not fail for it.
     */
    async append(jobId, type, data) {
      const id = newId('evt');
      const message = `job.${type}`;
      const stored = toJson(data) as EventRow['data'];
      const [event] = await sql.$queryRaw<{ sequence: number; createdAt: Date }[]>`
        WITH counted AS (
          UPDATE job SET event_sequence = event_sequence + 1 WHERE id = ${jobId} RETURNING event_sequence, project_id
        ), inserted AS (
          INSERT INTO event (id, job_id, sequence, type, data, created_at)
          SELECT ${id}, ${jobId}, event_sequence, ${type}, ${JSON.stringify(stored)}::json, clock_timestamp()
          FROM counted RETURNING sequence, created_at
        ), told AS (
          SELECT webhook.id FROM webhook JOIN counted USING (project_id) WHERE ${message} = ANY (webhook.events)
          FOR KEY SHARE OF webhook
        ), addressed AS (
          INSERT INTO webhook_delivery (webhook_id, id, event_id, type, status, attempts, next_attempt_at, created_at)
          SELECT told.id, ${messageId(id)}, ${id}, ${message}, 'pending', 0, created_at, created_at
          FROM told CROSS JOIN inserted
        )
        SELECT sequence, created_at AS "createdAt", pg_notify(${JOB_CHANGED}, ${jobId})::text FROM inserted`;
      if (!event) throw new TrainyardError('notFound', `There is no job ${jobId}`);
      return { id, jobId, sequence: event.sequence, type, data: stored, createdAt: event.createdAt };
    },

    async list(jobId, after, limit) {
      const where = { jobId, sequence: { gt: after } };
      const rows = await sql.event.findMany({ where, orderBy: { sequence: 'asc' }, take: limit });
      return rows.map((row) => ({
        ...row,
        type: row.type as EventRow['type'],
        data: row.data as EventRow['data'],
      }));
    },
  };
}

/** One id for the event's message to all webhooks, so that who gets it twice can tell. */
function messageId(eventId: string): string {
  return eventId.replace(/^evt_/, 'msg_');
}
