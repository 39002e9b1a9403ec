/**
 * What a JSON text has too much of, in words that go on where its name ends; undefined where nothing is. Counted
 * without parsing, which costs memory and time for each part, however few bytes it has.
 * @param most.levels how deep objects and lists may lie in one another
 * @param most.parts how many objects, lists and fields there may be together
 */
export function jsonExcess(text: string, most: { levels: number; parts: number }): string | undefined {
  let [depth, parts, inString] = [0, 0, false];
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '"') inString = !inString;
    else if (inString) i += char === '\\' ? 1 : 0;
    else if (char === '{' || char === '[') {
      parts++;
      if (++depth > most.levels) return `nests deeper than ${most.levels} levels`;
    } else if (char === '}' || char === ']') depth--;
    else if (char === ':') parts++;
    if (parts > most.parts) return `has more than ${most.parts} objects, lists and fields`;
  }
  return undefined;
}
