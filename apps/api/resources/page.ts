import type { Page } from '../../../src/jobs/ports.ts';

export function pageResource<Row, Resource>(
  page: Page<Row>,
  resource: (row: Row) => Resource,
): Page<Resource> {
  return { data: page.data.map(resource), nextCursor: page.nextCursor };
}

/** A list that is always given whole. */
export function wholePage<Row, Resource>(
  rows: readonly Row[],
  resource: (row: Row) => Resource,
): Page<Resource> {
  return { data: rows.map(resource), nextCursor: null };
}
