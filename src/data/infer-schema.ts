import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Column, DatasetSchema, DeclaredType } from '../spec/dataset.ts';
import { ColumnSummary } from './column-summary.ts';
import { DataError } from './data-error.ts';
import type { RowBatch } from './readers/index.ts';
import { MAX_CELLS, MAX_ROWS } from './readers/row.ts';
import { CountingBudget } from './value-counts.ts';

/** Of all columns together: a schema is stored, and answered, as a whole. */
const MOST_CLASSES = 20_000;
/** So many columns are settled at once, then the event loop has its turn. */
const SETTLED_AT_ONCE = 50;

/**
 * Finds the columns, their types and what they hold, in one pass over rows as they stream in.
 *
 * Missing are: an empty value, `?`, `NA`, `N/A`, `NaN` and `null` in any case, JSON's null, and a key that a JSON
 * row leaves out. A type in `columnTypes` goes before what the values look like.
 * @throws DataError for text in a number column, a value that isn't of its declared type, a declared column that
 * isn't there, a file without rows, and one with too many rows, cells or classes
 */
export async function inferSchema(
  batches: AsyncIterable<RowBatch>,
  options: { columnTypes?: Readonly<Record<string, DeclaredType>> | undefined } = {},
): Promise<DatasetSchema> {
  const declared = new Map(Object.entries(options.columnTypes ?? {}));
  const budget = new CountingBudget();
  const summaries: ColumnSummary[] = [];
  let rows = 0;
  let cells = 0;
  for await (const batch of batches) {
    for (const name of batch.columns.slice(summaries.length))
      summaries.push(new ColumnSummary(name, declared.get(name), budget, rows));
    rows += batch.rows.length;
    cells += batch.rows.length * batch.columns.length;
    if (rows > MAX_ROWS) throw new DataError(`there are more than ${MAX_ROWS} rows`);
    if (cells > MAX_CELLS) throw new DataError(`there are more than ${MAX_CELLS} cells, rows times columns`);
    summarize(batch, summaries);
  }
  if (rows === 0) throw new DataError('there is a header but no row');
  const columns = await settle(summaries);
  checkDeclared(declared.keys(), columns);
  return { rows, columns };
}

/** @throws DataError where the columns have too many classes */
async function settle(summaries: readonly ColumnSummary[]): Promise<Column[]> {
  const columns: Column[] = [];
  let room = MOST_CLASSES;
  for (const summary of summaries) {
    const column = summary.finish(room);
    room -= column.classes?.length ?? 0;
    if (columns.push(column) % SETTLED_AT_ONCE === 0) await nextTurn();
  }
  return columns;
}

/** @throws DataError for a column that has a declared type and isn't there */
export function checkDeclared(declared: Iterable<string>, columns: readonly Column[]): void {
  for (const column of declared) {
    if (!columns.some(({ name }) => name === column))
      throw new DataError('columnTypes names it, and there is no such column', { column });
  }
}

function summarize({ rows, typed }: RowBatch, summaries: readonly ColumnSummary[]): void {
  for (const { line, values } of rows) {
    for (let i = 0; i < summaries.length; i++) summaries[i]!.add(values[i] ?? null, line, typed);
  }
}
