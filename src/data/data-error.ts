/** Data that can't be used. The message says where and why, in words for the user who made the data. */
export class DataError extends Error {
  override readonly name = 'DataError';
  /** Counted from 1, the header of a CSV included. */
  readonly line: number | undefined;
  readonly column: string | undefined;

  constructor(what: string, where: { line?: number; column?: string } = {}) {
    super([...place(where), what].join(': '));
    this.line = where.line;
    this.column = where.column;
  }
}

function place({ line, column }: { line?: number; column?: string }): string[] {
  const words = [
    ...(line === undefined ? [] : [`line ${line}`]),
    ...(column === undefined ? [] : [`column “${column}”`]),
  ];
  return words.length > 0 ? [words.join(', ')] : [];
}

const MAX_PATH = 120;

/** The name of a file as a message quotes it: of a long one what stands last tells the most. */
export function quotedPath(path: string): string {
  return `“${path.length > MAX_PATH ? `…${path.slice(-MAX_PATH)}` : path}”`;
}

/** A value as a message quotes it, cut where it is long. */
export function quoted(value: unknown): string {
  const text = String(value);
  return `“${text.length > 40 ? `${text.slice(0, 40)}…` : text}”`;
}
