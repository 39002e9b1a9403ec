import type { WebhookStore } from '../../jobs/ports.ts';
import type { WebhookRow } from '../../jobs/rows.ts';
import type { Prisma } from './generated/client.ts';
import { PAGE_ORDER, pageQuery, toPage } from './pages.ts';
import type { Session } from './session.ts';

export function webhookStore({ sql }: Session): WebhookStore {
  return {
    async insert(webhook) {
      await sql.webhook.create({ data: { ...webhook, busyUntil: webhook.createdAt } });
    },

    async get(id, projectId) {
      const row = await sql.webhook.findFirst({ where: { id, projectId } });
      return row && toWebhookRow(row);
    },

    async list(projectId, page) {
      const { after, take } = pageQuery(page);
      const where = { projectId, ...after };
      return toPage(await sql.webhook.findMany({ where, take, orderBy: PAGE_ORDER }), page, toWebhookRow);
    },

    count: (projectId) => sql.webhook.count({ where: { projectId } }),

    async delete(id, projectId) {
      const { count } = await sql.webhook.deleteMany({ where: { id, projectId } });
      return count === 1;
    },
  };
}

function toWebhookRow({ busyUntil: _, ...row }: Prisma.WebhookGetPayload<object>): WebhookRow {
  return { ...row, events: row.events as WebhookRow['events'] };
}
