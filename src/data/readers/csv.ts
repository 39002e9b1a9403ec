import type { Readable } from 'node:stream';
import { CsvError, type InfoRecord, type Options, Parser } from 'csv-parse';
import { DataError } from '../data-error.ts';
import {
  checkColumnName,
  MAX_COLUMNS,
  MAX_ROW_BYTES,
  type Row,
  type RowBatch,
  rowTooLong,
  tooManyColumns,
} from './row.ts';
import { readText } from './text.ts';

const DIALECT: Options = {
  delimiter: ',',
  // All three at once: left to itself the parser takes the first line's ending for every line's.
  record_delimiter: ['\r\n', '\n', '\r'],
  skip_empty_lines: true,
  trim: true,
  // The length of a row is checked here, to answer in our words.
  relax_column_count: true,
};

/**
 * Reads comma-separated values (RFC 4180): the first line names the columns; spaces around a value that isn't
 * quoted, and empty lines, don't count.
 * @throws DataError for a header or a row that can't be read, with its line
 */
export async function* readCsv(source: Readable): AsyncGenerator<RowBatch> {
  const table = new CsvTable();
  for await (const text of readText(source)) {
    await table.write(text);
    if (table.rows.length > 0) yield table.takeBatch();
  }
  await table.end();
  if (table.columns.length === 0) throw new DataError('the file is empty');
  if (table.rows.length > 0) yield table.takeBatch();
}

/** Gathers the parser's records. They are taken as they are parsed, which spares the parser's output queue. */
class CsvTable {
  columns: readonly string[] = [];
  rows: Row[] = [];
  private lastLine = 0;
  private bytesSinceRow = 0;
  private heldBack = '';
  private readonly parser = new Parser({
    ...DIALECT,
    on_record: (record: string[], info: InfoRecord) => this.take(record, info.lines),
  });

  constructor() {
    // Whoever writes hears of the error; without a listener it would end the process too.
    this.parser.on('error', () => {});
  }

  async write(text: string): Promise<void> {
    this.bytesSinceRow += text.length;
    const lines = this.normalizeLineEnds(text);
    await this.settle((done) => this.parser.write(lines, done));
    if (this.bytesSinceRow > MAX_ROW_BYTES)
      throw rowTooLong(this.lastLine + 1, '; is there a quote that is never closed?');
  }

  async end(): Promise<void> {
    await this.settle((done) => this.parser.end(done));
  }

  takeBatch(): RowBatch {
    const { columns, rows } = this;
    this.rows = [];
    return { columns, rows, typed: false };
  }

  /** The parser counts a CRLF inside quotes as two lines. A CR at the end waits for the LF that may follow. */
  private normalizeLineEnds(text: string): string {
    const whole = this.heldBack + text;
    this.heldBack = whole.endsWith('\r') ? '\r' : '';
    return whole.slice(0, whole.length - this.heldBack.length).replaceAll('\r\n', '\n');
  }

  /** Null tells the parser to forget the record. */
  private take(record: string[], line: number): null {
    this.lastLine = line;
    this.bytesSinceRow = 0;
    if (this.columns.length === 0) this.columns = readHeader(record, line);
    else if (record.length === this.columns.length) this.rows.push({ line, values: record });
    else throw raggedRow(record.length, this.columns.length, line);
    return null;
  }

  private settle(act: (done: (error?: Error | null) => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      act((error) => (error ? reject(inOurWords(error)) : resolve()));
    });
  }
}

function readHeader(names: readonly string[], line: number): readonly string[] {
  if (names.length > MAX_COLUMNS) throw tooManyColumns(line);
  for (const name of names) checkColumnName(name, line);
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) throw new DataError('two columns have this name', { line, column: name });
    seen.add(name);
  }
  if (names.length === 1 && /[;\t]/.test(names[0]!))
    throw new DataError('the columns are parted by semicolons or tabs; part them by commas', { line });
  return names;
}

function raggedRow(fields: number, expected: number, line: number): DataError {
  return new DataError(
    `the row has ${fields} ${fields === 1 ? 'value' : 'values'}, and the header names ${expected} columns`,
    { line },
  );
}

function inOurWords(error: Error): Error {
  if (!(error instanceof CsvError)) return error;
  const line = error.lines as number;
  switch (error.code) {
    case 'CSV_QUOTE_NOT_CLOSED':
      return new DataError('a quote is never closed', { line });
    case 'INVALID_OPENING_QUOTE':
      return new DataError('a quote stands inside a value; put the value in quotes and double it', { line });
    default:
      return new DataError('there is text after a closing quote; double the quotes inside a value', { line });
  }
}
