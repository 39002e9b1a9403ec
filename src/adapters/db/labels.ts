import { TrainyardError } from '../../jobs/errors.ts';
import type { PageRequest } from '../../jobs/ports.ts';
import { Prisma } from './generated/client.ts';
import { pageStart } from './pages.ts';

interface Filter {
  readonly projectId: string;
  /** `key:value` or `key=value`, split at the first of either. */
  readonly label: string;
  readonly name?: string | undefined;
  readonly status?: string | undefined;
}

/**
 * The ids of a page of rows with a label, and of one row more. What a JSON column contains is what its index can
 * answer, and what Prisma can't ask.
 * @throws TrainyardError invalidRequest for a label of another form, or a cursor that isn't ours
 */
export async function idsWithLabel(
  sql: Prisma.TransactionClient,
  table: 'job' | 'pipeline',
  { projectId, label, name, status }: Filter,
  page: PageRequest,
): Promise<string[]> {
  const start = pageStart(page);
  const conditions = [
    Prisma.sql`project_id = ${projectId}`,
    Prisma.sql`labels @> ${JSON.stringify(toLabels(label))}::jsonb`,
    ...(name === undefined ? [] : [Prisma.sql`name = ${name}`]),
    ...(status === undefined ? [] : [Prisma.sql`status = ${status}`]),
    ...(start === null
      ? []
      : [Prisma.sql`(created_at, id) > (${start.createdAt}::timestamptz, ${start.id})`]),
  ];
  const rows = await sql.$queryRaw<{ id: string }[]>`
    SELECT id FROM ${Prisma.raw(table)} WHERE ${Prisma.join(conditions, ' AND ')}
    ORDER BY created_at, id LIMIT ${page.limit + 1}`;
  return rows.map(({ id }) => id);
}

function toLabels(label: string): Record<string, string> {
  const [, key, value] = /^([^:=]+)[:=](.*)$/s.exec(label) ?? [];
  if (key === undefined || value === undefined) {
    throw new TrainyardError('invalidRequest', 'A label filter has the form key:value');
  }
  return { [key]: value };
}
