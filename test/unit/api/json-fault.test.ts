import fc from 'fast-check';
import { expect, it } from 'vitest';
import { findJsonFault } from '../../../apps/api/json-fault.ts';

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

it.each([
  ['', 0, 'a value'],
  ['  ', 2, 'a value'],
  ['{"a":}', 5, 'a value'],
  ['{"a":1,}', 7, 'a key in double quotes is'],
  ['{a:1}', 1, 'a key in double quotes or “}”'],
  ["{'a':1}", 1, 'a key in double quotes or “}”'],
  ['{"a" 1}', 5, '“:”'],
  ['[1 2]', 3, '“,” or the closing bracket'],
  ['[1,]', 3, 'a value is'],
  ['[1}', 2, '“,” or the closing bracket'],
  ['{"a":NaN}', 5, 'a value'],
  ['[01]', 2, '“,”'],
  ['["a\nb"]', 1, 'a value or “]”'],
  ['{} {}', 3, 'nothing more'],
])('%j goes wrong at %i', (text, position, message) => {
  const fault = findJsonFault(text);
  expect(fault?.position).toBe(position);
  expect(fault?.message).toContain(message);
});

it('finds a fault exactly where JSON.parse refuses', () => {
  const cut = fc.tuple(
    fc.json(),
    fc.nat(),
    fc.constantFrom('', ',', ':', '}', ']', '"', '0', '\\', ' ', 'e', '-'),
  );
  fc.assert(
    fc.property(cut, ([json, seed, extra]) => {
      const at = seed % (json.length + 1);
      for (const text of [json, json.slice(0, at), json.slice(0, at) + extra + json.slice(at)]) {
        expect(findJsonFault(text) === undefined, text).toBe(isJson(text));
      }
    }),
    { numRuns: 2_000 },
  );
});

it('reads five megabytes of a string, or of brackets, without a stack', () => {
  const long = `["${'ab\\n'.repeat(1_250_000)}"`;
  expect(findJsonFault(long)?.position).toBe(long.length);
  const deep = '['.repeat(1_000_000);
  expect(findJsonFault(deep)?.position).toBe(deep.length);
});
