import type { Store } from '../../jobs/ports.ts';
import type { ApiKeyRow } from '../../jobs/rows.ts';
import type { Prisma } from './generated/client.ts';
import { PAGE_ORDER, pageQuery, toPage } from './pages.ts';
import type { Session } from './session.ts';

/** `lastUsedAt` is as fine as this, so that a busy key isn't a write a request. */
const TOUCH_MS = 60_000;

const include = { project: { select: { name: true } } };

export function apiKeyStore({ sql }: Session): Store['apiKeys'] {
  return {
    async insert({ project: _, ...key }) {
      await sql.apiKey.create({ data: key });
    },

    async findByHash(hash) {
      const row = await sql.apiKey.findUnique({ where: { hash }, include });
      return row && toApiKeyRow(row);
    },

    async touch(id) {
      const now = new Date();
      const stale = { lt: new Date(now.getTime() - TOUCH_MS) };
      await sql.apiKey.updateMany({
        where: { id, OR: [{ lastUsedAt: null }, { lastUsedAt: stale }] },
        data: { lastUsedAt: now },
      });
    },

    async list(projectId, page) {
      const { after, take } = pageQuery(page);
      const where = { projectId, ...after };
      return toPage(
        await sql.apiKey.findMany({ where, take, orderBy: PAGE_ORDER, include }),
        page,
        toApiKeyRow,
      );
    },

    async delete(id, projectId) {
      const { count } = await sql.apiKey.deleteMany({ where: { id, projectId } });
      return count === 1;
    },
  };
}

function toApiKeyRow(row: Prisma.ApiKeyGetPayload<{ include: typeof include }>): ApiKeyRow {
  return { ...row, project: row.project.name, scopes: row.scopes as ApiKeyRow['scopes'] };
}
