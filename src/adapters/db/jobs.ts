import type { JobPatch, JobStore } from '../../jobs/ports.ts';
import type { JobRow } from '../../jobs/rows.ts';
import { documentPage, equal } from './documents.ts';
import { type Job, Prisma } from './generated/client.ts';
import { toJson, toNullableJson, toNumbers } from './json.ts';
import { withLabel } from './labels.ts';
import { PAGE_ORDER } from './pages.ts';
import type { Session } from './session.ts';

const WITH_A_RUN = ['running', 'pausing', 'cancelling'];

export function jobStore({ sql, inTransaction }: Session): JobStore {
  return {
    async insert(job) {
      const { labels, spec, failure, metrics, ...columns } = job;
      await sql.job.create({
        data: {
          ...columns,
          labels,
          spec: toJson(spec),
          failure: toNullableJson(failure),
          metrics: toJson(metrics),
        },
      });
    },

    async get(id, projectId) {
      const row = await sql.job.findFirst({ where: { id, ...(projectId && { projectId }) } });
      return row && toJobRow(row);
    },

    async list(projectId, { status, name, label }, page) {
      const asked = [...equal('status', status), ...equal('name', name), ...withLabel(label)];
      const query = {
        table: 'job',
        conditions: [Prisma.sql`project_id = ${projectId}`, ...asked],
        size: Prisma.sql`octet_length(spec::text)`,
        find: (ids: string[]) => sql.job.findMany({ where: { id: { in: ids } }, orderBy: PAGE_ORDER }),
      } as const;
      return documentPage(sql, query, page, toJobRow);
    },

    async lock(id) {
      needTransaction();
      const locked = await sql.$queryRaw<unknown[]>`SELECT id FROM job WHERE id = ${id} FOR NO KEY UPDATE`;
      return locked.length === 0 ? null : toJobRow(await sql.job.findUniqueOrThrow({ where: { id } }));
    },

    async lockWaiting(id) {
      needTransaction();
      const locked = await sql.$queryRaw<{ id: string }[]>`
        SELECT id FROM job WHERE waits_for = ${id} AND status = 'waiting' ORDER BY id FOR NO KEY UPDATE`;
      const where = { id: { in: locked.map((row) => row.id) } };
      return (await sql.job.findMany({ where, orderBy: { id: 'asc' } })).map(toJobRow);
    },

    async lockFailedWaiting(id) {
      needTransaction();
      const locked = await sql.$queryRaw<{ id: string }[]>`
        SELECT id FROM job WHERE waits_for = ${id} AND status = 'failed' AND failure->>'code' = 'dependencyFailed'
        ORDER BY id FOR NO KEY UPDATE`;
      const where = { id: { in: locked.map((row) => row.id) } };
      return (await sql.job.findMany({ where, orderBy: { id: 'asc' } })).map(toJobRow);
    },

    async setStatus(id, status, patch) {
      await sql.job.update({ where: { id }, data: { ...toChange(patch), status } });
    },

    async setProgress(id, fence, patch) {
      const { count } = await sql.job.updateMany({ where: { id, fence }, data: toChange(patch) });
      return count === 1;
    },

    async queuedBefore(before, limit, after) {
      // Prisma can't compare rows, by which a page is found in the index without a walk through those before it.
      const behind = after
        ? Prisma.sql`AND (priority, queued_at, id) > (${after.priority}, ${after.queuedAt}::timestamptz, ${after.id})`
        : Prisma.empty;
      const found = await sql.$queryRaw<{ id: string }[]>`
        SELECT id FROM job WHERE status = 'queued' AND queued_at < ${before}::timestamptz ${behind}
        ORDER BY priority, queued_at, id LIMIT ${limit}`;
      const where = { id: { in: found.map(({ id }) => id) } };
      const orderBy = [{ priority: 'asc' }, { queuedAt: 'asc' }, { id: 'asc' }] as const;
      return (await sql.job.findMany({ where, orderBy: [...orderBy] })).map(toJobRow);
    },

    count(projectId, statuses) {
      return sql.job.count({ where: { projectId, status: { in: [...statuses] } } });
    },

    async silentSince(before, limit) {
      const runs = { some: { status: 'running', heartbeatAt: { lt: before } } };
      const where = { status: { in: WITH_A_RUN }, runs };
      const rows = await sql.job.findMany({ where, orderBy: { id: 'asc' }, take: limit });
      return rows.map(toJobRow);
    },
  };

  function needTransaction(): void {
    if (!inTransaction) throw new Error('A lock outlives no statement outside a transaction');
  }
}

function toChange(patch: JobPatch): Prisma.JobUpdateManyMutationInput {
  const { failure, metrics, ...columns } = patch;
  return {
    ...columns,
    ...(failure !== undefined && { failure: toNullableJson(failure) }),
    ...(metrics !== undefined && { metrics: toJson(metrics) }),
    version: { increment: 1 },
  };
}

export function toJobRow({ eventSequence: _, ...row }: Job): JobRow {
  return {
    ...row,
    labels: row.labels as JobRow['labels'],
    spec: row.spec as JobRow['spec'],
    status: row.status as JobRow['status'],
    failure: row.failure as JobRow['failure'],
    metrics: toNumbers(row.metrics),
  };
}
