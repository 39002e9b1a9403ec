import { TrainyardError } from '../../../src/jobs/errors.ts';

/** Another project’s row and none at all look the same. @throws TrainyardError notFound */
export function found<Row>(row: Row | null, what: string, id: string): Row {
  if (row === null) throw new TrainyardError('notFound', `There is no ${what} “${id}”`);
  return row;
}
