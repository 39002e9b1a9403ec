/** Where a text stops being JSON, in UTF-16 units from 0. */
export interface JsonFault {
  position: number;
  message: string;
}

/** One token of RFC 8259 after its white space: punctuation, a string, or another scalar. */
const TOKEN =
  /[ \t\r\n]*(?:([{}[\],:])|("(?:[ !#-[\]-\uffff]+|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null))/y;
const BLANK = /[ \t\r\n]*/y;

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

/** The first fault; undefined for valid JSON. `JSON.parse` says where only in some engines, so it is looked for. */
export function findJsonFault(text: string): JsonFault | undefined {
  const open: string[] = [];
  let wanted: Wanted = 'value';
  let position = 0;
  while (true) {
    const start = skipBlank(text, position);
    if (start === text.length && wanted === 'nothing') return undefined;
    TOKEN.lastIndex = position;
    const token = TOKEN.exec(text);
    const next: Wanted | undefined = token === null ? undefined : step(wanted, kindOf(token), open);
    if (next === undefined) return { position: start, message: MESSAGES[wanted] };
    wanted = next;
    position = TOKEN.lastIndex;
  }
}

/** What is wanted after a token; undefined where the token isn’t what was wanted. */
function step(wanted: Wanted, kind: string, open: string[]): Wanted | undefined {
  const after = (): Wanted => (open.length === 0 ? 'nothing' : 'commaOrEnd');
  const takesValue = wanted === 'value' || wanted === 'valueOrEnd';
  const mayEnd = wanted === 'commaOrEnd' || wanted === (open.at(-1) === '{' ? 'keyOrEnd' : 'valueOrEnd');
  if (kind === '{' || kind === '[') {
    if (!takesValue) return undefined;
    open.push(kind);
    return kind === '{' ? 'keyOrEnd' : 'valueOrEnd';
  }
  if (kind === '}' || kind === ']') {
    if (!mayEnd || open.at(-1) !== (kind === '}' ? '{' : '[')) return undefined;
    open.pop();
    return after();
  }
  if (kind === ':') return wanted === 'colon' ? 'value' : undefined;
  if (kind === ',') return wanted !== 'commaOrEnd' ? undefined : open.at(-1) === '{' ? 'key' : 'value';
  if (takesValue) return after();
  return kind === 'string' && (wanted === 'key' || wanted === 'keyOrEnd') ? 'colon' : undefined;
}

function kindOf(token: RegExpExecArray): string {
  return token[1] ?? (token[2] === undefined ? 'scalar' : 'string');
}

function skipBlank(text: string, position: number): number {
  BLANK.lastIndex = position;
  BLANK.exec(text);
  return BLANK.lastIndex;
}
