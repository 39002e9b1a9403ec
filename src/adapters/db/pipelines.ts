import type { Store } from '../../jobs/ports.ts';
import type { PipelineRow } from '../../jobs/rows.ts';
import { documentPage, equal } from './documents.ts';
import { Prisma } from './generated/client.ts';
import { toJobRow } from './jobs.ts';
import { withLabel } from './labels.ts';
import { PAGE_ORDER } from './pages.ts';
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
      const query = {
        table: 'pipeline',
        conditions: [Prisma.sql`project_id = ${projectId}`, ...equal('name', name), ...withLabel(label)],
        size: Prisma.sql`(SELECT sum(octet_length(spec::text)) FROM job WHERE pipeline_id = pipeline.id)`,
        find: (ids: string[]) =>
          sql.pipeline.findMany({ where: { id: { in: ids } }, orderBy: PAGE_ORDER, include }),
      } as const;
      return documentPage(sql, query, page, toPipelineRow);
    },
  };
}

function toPipelineRow(row: Prisma.PipelineGetPayload<{ include: typeof include }>): PipelineRow {
  return { ...row, labels: row.labels as PipelineRow['labels'], jobs: row.jobs.map(toJobRow) };
}
