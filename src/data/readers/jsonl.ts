import type { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { holdsStorable, UNSTORABLE } from '../../spec/storable-text.ts';
import { DataError } from '../data-error.ts';
import {
  checkColumnName,
  MAX_COLUMNS,
  MAX_ROW_BYTES,
  type RawValue,
  type Row,
  type RowBatch,
  rowTooLong,
  tooManyColumns,
} from './row.ts';
import { readText } from './text.ts';

/** Short lines can stand for wide rows, so a batch is bounded by its cells too and not by its bytes alone. */
const MAX_BATCH_CELLS = 100_000;

/**
 * Reads one JSON object a line: `{"water": 162, "age": 28}`. A key that a row leaves out is missing, and a new
 * key is a new column. Empty lines don't count.
 * @throws DataError for a line that isn't a flat JSON object, with its line
 */
export async function* readJsonl(source: Readable): AsyncGenerator<RowBatch> {
  const table = new JsonTable();
  let line = 0;
  let rest = '';
  for await (const text of readText(source)) {
    const lines = (rest + text).split('\n');
    rest = lines.pop()!;
    for (const content of lines) {
      table.add(content, ++line);
      if (!table.isFull) continue;
      yield table.takeBatch();
      await nextTurn();
    }
    if (rest.length > MAX_ROW_BYTES) throw rowTooLong(line + 1);
    if (table.rows.length > 0) yield table.takeBatch();
  }
  table.add(rest, line + 1);
  if (table.columns.length === 0) throw new DataError('the file is empty');
  if (table.rows.length > 0) yield table.takeBatch();
}

class JsonTable {
  readonly columns: string[] = [];
  rows: Row[] = [];
  private readonly positions = new Map<string, number>();
  private cells = 0;

  get isFull(): boolean {
    return this.cells >= MAX_BATCH_CELLS;
  }

  add(text: string, line: number): void {
    if (text.trim() === '') return;
    const values: RawValue[] = new Array(this.columns.length).fill(null);
    const object = parseObject(text, line);
    for (const [name, value] of Object.entries(object)) {
      values[this.positionOf(name, line)] = flat(value, name, line);
    }
    if (!holdsStorable(text, [Object.keys(object), values])) throw new DataError(UNSTORABLE, { line });
    this.rows.push({ line, values });
    this.cells += values.length;
  }

  takeBatch(): RowBatch {
    const { rows } = this;
    this.rows = [];
    this.cells = 0;
    return { columns: [...this.columns], rows, typed: true };
  }

  private positionOf(name: string, line: number): number {
    const known = this.positions.get(name);
    if (known !== undefined) return known;
    checkColumnName(name, line);
    if (this.columns.length === MAX_COLUMNS) throw tooManyColumns(line);
    this.positions.set(name, this.columns.length);
    return this.columns.push(name) - 1;
  }
}

function parseObject(text: string, line: number): object {
  const parsed = parseJson(text, line);
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new DataError('each line must be a JSON object, like {"water": 162, "age": 28}', { line });
  return parsed;
}

function parseJson(text: string, line: number): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const hint = /\b(NaN|Infinity)\b/.test(text) ? ' (NaN and Infinity aren’t JSON: write null)' : '';
    throw new DataError(`this isn’t valid JSON${hint}`, { line });
  }
}

function flat(value: unknown, column: string, line: number): RawValue {
  if (typeof value === 'object' && value !== null)
    throw new DataError('a value must be a number, text, true, false or null, not a list or an object', {
      line,
      column,
    });
  return value as RawValue;
}
