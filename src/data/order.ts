/** Class names in their natural order: as numbers where all of them are, else by code point. */
export function sortClasses(names: Iterable<string>): string[] {
  const sorted = [...names];
  const areNumbers = sorted.every((name) => name.trim() !== '' && Number.isFinite(Number(name)));
  return sorted.sort(areNumbers ? (a, b) => Number(a) - Number(b) || byCodePoint(a, b) : byCodePoint);
}

/** `<` on strings compares UTF-16 units, which puts astral characters before U+E000; UTF-8 bytes keep the order. */
function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
