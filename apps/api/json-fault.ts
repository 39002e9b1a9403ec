/** Where a text stops being JSON, in UTF-16 units from 0. */
export interface JsonFault {
  position: number;
  message: string;
}

type Kind = '{' | '}' | '[' | ']' | ',' | ':' | '"' | 'scalar';
type Wanted = 'value' | 'valueOrEnd' | 'key' | 'keyOrEnd' | 'colon' | 'commaOrEnd' | 'nothing';
const MESSAGES: Record<Wanted, string> = {
  value: 'a value is expected',
  valueOrEnd: 'a value or “]” is expected',
  key: 'a key in double quotes is expected',
  keyOrEnd: 'a key in double quotes or “}” is expected',
  colon: '“:” is expected',
  commaOrEnd: '“,” or the closing bracket is expected',
  nothing: 'nothing more is expected',
};

const BLANK = /[ \t\r\n]*/y;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/**
 * The first fault; undefined for valid JSON (RFC 8259). `JSON.parse` says where only in some engines, so it is
 * looked for. One pass, without recursion and without backtracking: the text is a stranger’s.
 */
export function findJsonFault(text: string): JsonFault | undefined {
  const open: Kind[] = [];
  let wanted: Wanted = 'value';
  let position = endOf(BLANK, text, 0)!;
  while (position < text.length) {
    const kind = kindOf(text[position]!);
    const next = step(wanted, kind, open);
    const end = endOfToken(kind, text, position);
    if (next === undefined || end === undefined) return { position, message: MESSAGES[wanted] };
    wanted = next;
    position = endOf(BLANK, text, end)!;
  }
  return wanted === 'nothing' ? undefined : { position, message: MESSAGES[wanted] };
}

/** What is wanted after a token; undefined where the token isn’t what was wanted. */
function step(wanted: Wanted, kind: Kind, open: Kind[]): Wanted | undefined {
  const takesValue = wanted === 'value' || wanted === 'valueOrEnd';
  switch (kind) {
    case '{':
    case '[':
      if (!takesValue) return undefined;
      open.push(kind);
      return kind === '{' ? 'keyOrEnd' : 'valueOrEnd';
    case '}':
    case ']':
      if (!mayClose(wanted, kind, open.at(-1))) return undefined;
      open.pop();
      return afterValue(open);
    case ':':
      return wanted === 'colon' ? 'value' : undefined;
    case ',':
      if (wanted !== 'commaOrEnd') return undefined;
      return open.at(-1) === '{' ? 'key' : 'value';
    default:
      if (takesValue) return afterValue(open);
      return kind === '"' && (wanted === 'key' || wanted === 'keyOrEnd') ? 'colon' : undefined;
  }
}

function mayClose(wanted: Wanted, kind: '}' | ']', innermost: Kind | undefined): boolean {
  if (innermost !== (kind === '}' ? '{' : '[')) return false;
  return wanted === 'commaOrEnd' || wanted === 'keyOrEnd' || wanted === 'valueOrEnd';
}

function afterValue(open: readonly Kind[]): Wanted {
  return open.length === 0 ? 'nothing' : 'commaOrEnd';
}

function kindOf(char: string): Kind {
  return '{}[],:"'.includes(char) ? (char as Kind) : 'scalar';
}

/** Undefined where the token isn’t whole or isn’t right. */
function endOfToken(kind: Kind, text: string, start: number): number | undefined {
  if (kind === '"') return endOfString(text, start);
  return kind === 'scalar' ? endOf(SCALAR, text, start) : start + 1;
}

function endOfString(text: string, start: number): number | undefined {
  let at = start + 1;
  while (at < text.length && text[at]! >= ' ') {
    if (text[at] === '"') return at + 1;
    const next = text[at] === '\\' ? endOf(ESCAPE, text, at) : at + 1;
    if (next === undefined) return undefined;
    at = next;
  }
  return undefined;
}

function endOf(pattern: RegExp, text: string, start: number): number | undefined {
  pattern.lastIndex = start;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}
