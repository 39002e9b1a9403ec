import type { Store } from '../../jobs/ports.ts';
import type { DatasetRow } from '../../jobs/rows.ts';
import { documentPage, equal } from './documents.ts';
import { type Dataset, Prisma } from './generated/client.ts';
import { toJson } from './json.ts';
import { NOT_ENDED } from './not-ended.ts';
import { PAGE_ORDER } from './pages.ts';
import type { Session } from './session.ts';

export function datasetStore({ sql, atomically }: Session): Store['datasets'] {
  return {
    async insert(dataset) {
      await sql.dataset.create({ data: { ...dataset, schema: toJson(dataset.schema) } });
    },

    async get(id, projectId) {
      const row = await sql.dataset.findFirst({ where: { id, ...(projectId && { projectId }) } });
      return row && toDatasetRow(row);
    },

    async list(projectId, { name }, page) {
      const query = {
        table: 'dataset',
        conditions: [Prisma.sql`project_id = ${projectId}`, ...equal('name', name)],
        size: Prisma.sql`octet_length(schema::text)`,
        find: (ids: string[]) => sql.dataset.findMany({ where: { id: { in: ids } }, orderBy: PAGE_ORDER }),
      } as const;
      return documentPage(sql, query, page, toDatasetRow);
    },

    delete: (id, projectId) =>
      atomically(async ({ sql }) => {
        const locked = await sql.$queryRaw<unknown[]>`
          SELECT id FROM dataset WHERE id = ${id} AND project_id = ${projectId} FOR UPDATE`;
        if (locked.length === 0) return 'absent';
        // Asked only now: a job that held the row against us has been committed by the time we hold it.
        const job = await sql.job.findFirst({
          where: { datasetId: id, status: { in: NOT_ENDED } },
          select: { id: true },
        });
        if (job) return 'inUse';
        await sql.dataset.delete({ where: { id } });
        return 'deleted';
      }),

    async lockForUse(id, projectId) {
      const locked = await sql.$queryRaw<unknown[]>`
        SELECT id FROM dataset WHERE id = ${id} AND project_id = ${projectId} FOR KEY SHARE`;
      return locked.length === 0
        ? null
        : toDatasetRow(await sql.dataset.findUniqueOrThrow({ where: { id } }));
    },
  };
}

function toDatasetRow(row: Dataset): DatasetRow {
  return {
    ...row,
    format: row.format as DatasetRow['format'],
    schema: row.schema as DatasetRow['schema'],
    bytes: Number(row.bytes),
  };
}
