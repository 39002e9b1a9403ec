import { TrainyardError } from '../../jobs/errors.ts';
import { newId } from '../../jobs/ids.ts';
import type { EventStore } from '../../jobs/ports.ts';
import type { EventRow } from '../../jobs/rows.ts';
import { toJson } from './json.ts';
import { JOB_CHANGED } from './notifications.ts';
import type { Session } from './session.ts';

export function eventStore({ sql }: Session): EventStore {
  /**
   * The job's row counts its events: whoever appends holds it until the commit, so numbers have no gap and
   * become visible in their order. Listeners hear of it when it is committed. A webhook that is being deleted is
   * waited for rather than stumbled upon: the job's own change must not fail for it. An event's message has one id for
   * all webhooks, so that who gets it twice can tell.
   */
  async function appendAll(
    jobId: string,
    type: EventRow['type'],
    data: readonly Record<string, unknown>[],
  ): Promise<EventRow[]> {
    if (data.length === 0) return [];
    const events = data.map((it) => ({ id: newId('evt'), stored: toJson(it) as EventRow['data'] }));
    const message = `job.${type}`;
    const numbered = await sql.$queryRaw<{ sequence: number; createdAt: Date }[]>`
      WITH counted AS (
        UPDATE job SET event_sequence = event_sequence + ${events.length}::int WHERE id = ${jobId}
        RETURNING event_sequence - ${events.length}::int AS before, project_id
      ), inserted AS (
        INSERT INTO event (id, job_id, sequence, type, data, created_at)
        SELECT given.id, ${jobId}, before + place, ${type}, given.data::json, clock_timestamp()
        FROM counted, unnest(
          ${events.map(({ id }) => id)}::text[],
          ${events.map(({ stored }) => JSON.stringify(stored))}::text[]
        ) WITH ORDINALITY AS given (id, data, place)
        RETURNING id, sequence, created_at
      ), told AS (
        SELECT webhook.id FROM webhook JOIN counted USING (project_id) WHERE ${message} = ANY (webhook.events)
        FOR KEY SHARE OF webhook
      ), addressed AS (
        INSERT INTO webhook_delivery (webhook_id, id, event_id, type, status, attempts, next_attempt_at, created_at)
        SELECT told.id, overlay(inserted.id PLACING 'msg' FROM 1 FOR 3), inserted.id, ${message}, 'pending', 0,
          created_at, created_at
        FROM told CROSS JOIN inserted
      ), notified AS (
        SELECT pg_notify(${JOB_CHANGED}, ${jobId})::text AS told FROM counted
      )
      SELECT sequence, created_at AS "createdAt", notified.told FROM inserted CROSS JOIN notified ORDER BY sequence`;
    if (numbered.length < events.length) throw new TrainyardError('notFound', `There is no job ${jobId}`);
    return events.map(({ id, stored }, i) => ({
      id,
      jobId,
      sequence: numbered[i]!.sequence,
      type,
      data: stored,
      createdAt: numbered[i]!.createdAt,
    }));
  }

  return {
    appendAll,

    async append(jobId, type, data) {
      const [event] = await appendAll(jobId, type, [data]);
      return event!;
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
