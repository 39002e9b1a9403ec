import type { Page, PageRequest } from '../../jobs/ports.ts';
import { Prisma } from './generated/client.ts';
import { cursorOf, type Position, pageStart } from './pages.ts';

/** Lists of rows that hold whole documents, of which a page has not more than answers and memory can bear. */

/** Bytes of documents. A page's first row comes however large it is. */
const PAGE_BYTES = 8 * 2 ** 20;

export interface DocumentQuery<Row extends Position> {
  readonly table: 'dataset' | 'job' | 'model' | 'pipeline';
  /** All must hold. */
  readonly conditions: readonly Prisma.Sql[];
  /** How many bytes of documents a row has. */
  readonly size: Prisma.Sql;
  /** Reads the rows, in the order of pages. */
  find(ids: string[]): Promise<Row[]>;
}

/** @throws TrainyardError invalidRequest for a cursor that isn't ours */
export async function documentPage<Row extends Position, T>(
  sql: Prisma.TransactionClient,
  { table, conditions, size, find }: DocumentQuery<Row>,
  page: PageRequest,
  map: (row: Row) => T,
): Promise<Page<T>> {
  const start = pageStart(page);
  const behind = start && Prisma.sql`(created_at, id) > (${start.createdAt}::timestamptz, ${start.id})`;
  const found = await sql.$queryRaw<(Position & { before: number })[]>`
    SELECT id, created_at AS "createdAt", (sum(size) OVER (ORDER BY created_at, id) - size)::float8 AS before FROM (
      SELECT id, created_at, ${size} AS size FROM ${Prisma.raw(table)}
      WHERE ${Prisma.join(behind ? [...conditions, behind] : [...conditions], ' AND ')}
      ORDER BY created_at, id LIMIT ${page.limit + 1}
    ) AS document ORDER BY created_at, id`;
  const shown = found.slice(0, page.limit).filter(({ before }) => before < PAGE_BYTES);
  const rows = await find(shown.map(({ id }) => id));
  const last = shown.at(-1);
  return { data: rows.map(map), nextCursor: last && found.length > shown.length ? cursorOf(last) : null };
}

/** No condition where nothing is asked for. */
export function equal(
  column: 'name' | 'status' | 'parent_model_id' | 'job_id',
  value: string | undefined,
): Prisma.Sql[] {
  return value === undefined ? [] : [Prisma.sql`${Prisma.raw(column)} = ${value}`];
}
