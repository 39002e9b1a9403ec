/** Half a character (a lone surrogate), which no UTF-8 has. */
const HALF = /\p{Surrogate}/u;

/** What becomes of either in JSON. Most texts have neither, and are looked at no further. */
const ESCAPED = /\\u(?:0000|[dD][89a-fA-F])/;

export const UNSTORABLE = 'text can’t hold the character U+0000, nor half a character (a lone surrogate)';

/** Whether text can be kept, by a database or in a file. */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && !HALF.test(text);
}

/** Whether every text in a value can be kept, and every key. @param json that the value was parsed from */
export function holdsStorable(json: string, value: unknown): boolean {
  return !ESCAPED.test(json) || isStorableIn(value);
}

function isStorableIn(value: unknown): boolean {
  if (typeof value === 'string') return isStorable(value);
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([key, inner]) => isStorable(key) && isStorableIn(inner));
}
