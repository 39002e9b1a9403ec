import type { RawValue, RowBatch } from './readers/index.ts';

/**
 * The first rows, as the file has them: text in a CSV, JSON values in JSONL.
 * @throws DataError where they can't be read
 */
export async function previewRows(
  batches: AsyncIterable<RowBatch>,
  limit: number,
): Promise<Record<string, RawValue>[]> {
  const found: Record<string, RawValue>[] = [];
  for await (const batch of batches) {
    found.push(...asObjects(batch, limit - found.length));
    if (found.length >= limit) break;
  }
  return found;
}

/** `fromEntries` makes even `__proto__` a plain property. */
function asObjects({ columns, rows }: RowBatch, limit: number): Record<string, RawValue>[] {
  return rows
    .slice(0, limit)
    .map(({ values }) => Object.fromEntries(columns.map((name, i) => [name, values[i] ?? null])));
}
