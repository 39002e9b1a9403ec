import type { Column, DatasetSchema, DeclaredType } from '../spec/dataset.ts';
import { ColumnSummary } from './column-summary.ts';
import { DataError } from './data-error.ts';
import type { RowBatch } from './readers/index.ts';
import { CountingBudget } from './value-counts.ts';

/**
 * Finds the columns, their types and what they hold, in one pass over rows as they stream in.
 *
 * Missing are: an empty value, `?`, `NA`, `N/A`, `NaN` and `null` in any case, JSON's null, and a key that a JSON
 * row leaves out. A type in `columnTypes` goes before what the values look like.
 * @throws DataError for text in a number column, a value that isn't of its declared type, a declared column that
 * isn't there, and a file without rows
 */
export async function inferSchema(
  batches: AsyncIterable<RowBatch>,
  options: { columnTypes?: Readonly<Record<string, DeclaredType>> | undefined } = {},
): Promise<DatasetSchema> {
  const declared = new Map(Object.entries(options.columnTypes ?? {}));
  const budget = new CountingBudget();
  const summaries: ColumnSummary[] = [];
  let rows = 0;
  for await (const batch of batches) {
    for (const name of batch.columns.slice(summaries.length))
      summaries.push(new ColumnSummary(name, declared.get(name), budget, rows));
    summarize(batch, summaries);
    rows += batch.rows.length;
  }
  if (rows === 0) throw new DataError('there is a header but no row');
  const columns = summaries.map((summary) => summary.finish());
  checkDeclared(declared.keys(), columns);
  return { rows, columns };
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
