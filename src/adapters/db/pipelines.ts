import type { Store } from '../../jobs/ports.ts';
import type { PipelineRow } from '../../jobs/rows.ts';
import type { Prisma } from './generated/client.ts';
import { toJobRow } from './jobs.ts';
import { idsWithLabel } from './labels.ts';
import { PAGE_ORDER, pageQuery, toPage } from './pages.ts';
import type { Session } from './session.ts';

/** Ids sort by when they were made. */
const include = { jobs: { orderBy: { id: 'asc' } } } as const satisfies Prisma.PipelineInclude;

export function pipelineStore({ sql }: Session): Store['pipelines'] {
  return {
    async insert(pipeline) {
      await sql.pipeline.create({ data: pipeline });
    },

    async get(id, projectId) {
      const row = await sql.pipeline.findFirst({ where: { id, projectId }, include });
      return row && toPipelineRow(row);
    },

    async list(projectId, { name, label }, page) {
      const { after, take } = pageQuery(page);
      const where =
        label === undefined
          ? { projectId, ...(name !== undefined && { name }), ...after }
          : { id: { in: await idsWithLabel(sql, 'pipeline', { projectId, name, label }, page) } };
      return toPage(
        await sql.pipeline.findMany({ where, take, orderBy: PAGE_ORDER, include }),
        page,
        toPipelineRow,
      );
    },
  };
}

function toPipelineRow(row: Prisma.PipelineGetPayload<{ include: typeof include }>): PipelineRow {
  return { ...row, labels: row.labels as PipelineRow['labels'], jobs: row.jobs.map(toJobRow) };
}
