import type { ClaimedDelivery, DeliveryStore } from '../../jobs/ports.ts';
import type { DeliveryRow, EventRow } from '../../jobs/rows.ts';
import type { Prisma } from './generated/client.ts';
import { PAGE_ORDER, pageQuery, toPage } from './pages.ts';
import type { Session } from './session.ts';

const include = { event: { select: { jobId: true, sequence: true } } } as const;

/** Times are the database's: processes whose clocks differ share the deliveries. */
export function deliveryStore({ sql }: Session): DeliveryStore {
  return {
    async insertTest(webhookId, id) {
      await sql.$executeRaw`
        INSERT INTO webhook_delivery (webhook_id, id, type, status, attempts, next_attempt_at, created_at)
        SELECT webhook.id, ${id}, 'webhook.test', 'pending', 0, now(), now() FROM webhook
        WHERE webhook.id = ${webhookId} FOR KEY SHARE`;
    },

    async get(webhookId, id) {
      const row = await sql.delivery.findUnique({ where: { webhookId_id: { webhookId, id } }, include });
      return row && toDeliveryRow(row);
    },

    async list(webhookId, { status }, page) {
      const { after, take } = pageQuery(page);
      const where = { webhookId, ...(status !== undefined && { status }), ...after };
      return toPage(
        await sql.delivery.findMany({ where, take, orderBy: PAGE_ORDER, include }),
        page,
        toDeliveryRow,
      );
    },

    async replay(webhookId, id) {
      const count = await sql.$executeRaw`
        UPDATE webhook_delivery SET status = 'pending', attempts = 0, next_attempt_at = now(), ended_at = NULL
        WHERE webhook_id = ${webhookId} AND id = ${id} AND status <> 'pending'`;
      return count === 1;
    },

    /** A webhook that another is just claiming is passed over. It isn't locked against events that are for it. */
    async claim(limit, leaseMs) {
      const rows = await sql.$queryRaw<ClaimRow[]>`
        WITH free AS (
          SELECT id FROM webhook WHERE busy_until <= now() AND id IN (
            SELECT webhook_id FROM webhook_delivery WHERE status = 'pending' AND next_attempt_at <= now())
          ORDER BY busy_until LIMIT ${limit} FOR NO KEY UPDATE SKIP LOCKED
        ), taken AS (
          UPDATE webhook SET busy_until = now() + ${leaseMs}::int * interval '1 millisecond'
          FROM free WHERE webhook.id = free.id RETURNING webhook.id, url, salt
        ), claimed AS (
          UPDATE webhook_delivery AS delivery SET attempts = attempts + 1, last_attempt_at = now(),
            next_attempt_at = now() + ${leaseMs}::int * interval '1 millisecond'
          FROM taken WHERE webhook_id = taken.id AND status = 'pending' AND delivery.id = (
            SELECT id FROM webhook_delivery
            WHERE webhook_id = taken.id AND status = 'pending' AND next_attempt_at <= now()
            ORDER BY created_at, id LIMIT 1)
          RETURNING webhook_id, delivery.id, type, attempts, created_at, event_id, url, salt
        )
        SELECT webhook_id AS "webhookId", claimed.id, claimed.type, attempts, claimed.created_at AS "createdAt", url, salt,
          event.id AS "eventId", job_id AS "jobId", sequence, event.type AS "eventType", data, event.created_at AS "eventAt"
        FROM claimed LEFT JOIN event ON event.id = event_id`;
      return rows.map(toClaim);
    },

    /** The webhook is locked first, as by its deletion, so that neither waits for the other in a circle. */
    async settle({ webhookId, id, attempts }, { status, answer, fault, retryMs, quietMs }) {
      const isEnd = status !== 'pending';
      await sql.$executeRaw`
        WITH held AS (
          SELECT id FROM webhook WHERE id = ${webhookId} FOR NO KEY UPDATE
        ), settled AS (
          UPDATE webhook_delivery AS delivery SET status = ${status}, answer = ${answer}::int, fault = ${fault}::text,
            next_attempt_at = now() + ${retryMs}::int * interval '1 millisecond',
            ended_at = CASE WHEN ${isEnd}::boolean THEN now() END
          FROM held
          WHERE webhook_id = held.id AND delivery.id = ${id} AND attempts = ${attempts} AND status = 'pending'
          RETURNING webhook_id
        )
        UPDATE webhook SET busy_until = now() + ${quietMs}::int * interval '1 millisecond'
        FROM settled WHERE webhook.id = webhook_id`;
    },

    async giveUpDueBefore(webhookId, before, fault) {
      await sql.delivery.updateMany({
        where: { webhookId, status: 'pending', nextAttemptAt: { lt: before } },
        data: { status: 'gaveUp', fault, endedAt: new Date() },
      });
    },

    async deleteEndedBefore(before) {
      await sql.delivery.deleteMany({ where: { endedAt: { lt: before } } });
    },
  };
}

interface ClaimRow extends Omit<ClaimedDelivery, 'event'> {
  eventId: string | null;
  jobId: string;
  sequence: number;
  eventType: EventRow['type'];
  data: EventRow['data'];
  eventAt: Date;
}

function toClaim({
  eventId,
  jobId,
  sequence,
  eventType,
  data,
  eventAt,
  ...claim
}: ClaimRow): ClaimedDelivery {
  if (eventId === null) return { ...claim, event: null };
  return { ...claim, event: { id: eventId, jobId, sequence, type: eventType, data, createdAt: eventAt } };
}

function toDeliveryRow({
  event,
  eventId: _,
  ...row
}: Prisma.DeliveryGetPayload<{ include: typeof include }>): DeliveryRow {
  return {
    ...row,
    type: row.type as DeliveryRow['type'],
    status: row.status as DeliveryRow['status'],
    jobId: event?.jobId ?? null,
    sequence: event?.sequence ?? null,
  };
}
