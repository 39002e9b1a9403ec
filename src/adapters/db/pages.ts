import { TrainyardError } from '../../jobs/errors.ts';
import type { Page, PageRequest } from '../../jobs/ports.ts';

/** Lists go by (createdAt, id), so that what is created meanwhile comes last and no page shifts. */
export const PAGE_ORDER = [{ createdAt: 'asc' as const }, { id: 'asc' as const }];

export interface Position {
  createdAt: Date;
  id: string;
}

/**
 * What to add to a query's `where` and `take` for the page: the rows after the cursor's, and one more, whose
 * being there tells that there is another page.
 * @throws TrainyardError invalidRequest for a cursor that isn't ours
 */
export function pageQuery(page: PageRequest) {
  const take = page.limit + 1;
  const start = pageStart(page);
  if (start === null) return { after: {}, take };
  const { createdAt, id } = start;
  const after = { createdAt: { gte: createdAt }, OR: [{ createdAt: { gt: createdAt } }, { id: { gt: id } }] };
  return { after, take };
}

/** The row after which a page begins; null for the first page. @throws TrainyardError invalidRequest */
export function pageStart({ cursor }: PageRequest): Position | null {
  return cursor === undefined ? null : decode(cursor);
}

/** The page of what `pageQuery` found. */
export function toPage<Row extends Position, T>(
  rows: Row[],
  { limit }: PageRequest,
  map: (row: Row) => T,
): Page<T> {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { data: page.map(map), nextCursor: last && rows.length > limit ? cursorOf(last) : null };
}

/** The cursor of the page after the row. */
export function cursorOf({ createdAt, id }: Position): string {
  return Buffer.from(JSON.stringify([createdAt.getTime(), id])).toString('base64url');
}

function decode(cursor: string): Position {
  try {
    const [milliseconds, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    const createdAt = new Date(milliseconds);
    if (typeof milliseconds === 'number' && typeof id === 'string' && !Number.isNaN(createdAt.getTime())) {
      return { createdAt, id };
    }
  } catch {
    // Falls through to the refusal: not JSON, or not a list.
  }
  throw new TrainyardError('invalidRequest', 'The cursor isn’t one that a list answered');
}
