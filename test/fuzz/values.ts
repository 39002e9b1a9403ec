import type { Dice } from './dice.ts';

/** What nobody sends who means well. */

export const TEXTS: readonly string[] = [
  '',
  ' ',
  '0',
  'NaN',
  'Infinity',
  '-Infinity',
  'null',
  'undefined',
  '[object Object]',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '../../../../etc/passwd',
  '..\\..\\windows\\win.ini',
  '/etc/passwd',
  'C:\\a',
  'file:///etc/passwd',
  "'; DROP TABLE job; --",
  "' OR '1'='1",
  '$1',
  '%',
  '%00',
  '_',
  '\\',
  '"',
  '\u0000',
  'a\u0000b',
  '\ud800',
  'a\udc00b',
  '\ufeff',
  '\u202e\u0661\u0662',
  'e\u0301\u0327',
  '👩‍👩‍👧‍👦',
  'ﷺ',
  '\r\nset-cookie: a=b',
  '<script>alert(1)</script>',
  '{{7*7}}',
  'a/b',
  'a~b~0~1',
  'a:b',
  'x'.repeat(101),
  'x'.repeat(300),
  'x'.repeat(70_000),
  'é'.repeat(5_000),
  'ds_00000000000000000000000000',
  'job_00000000000000000000000000',
];

export const NUMBERS: readonly number[] = [
  0,
  -0,
  1,
  -1,
  2,
  0.5,
  1.5,
  1e-320,
  1e-30,
  99,
  255,
  256,
  1_000,
  65_536,
  1_000_000,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32,
  2 ** 53 - 1,
  2 ** 53,
  2 ** 63,
  1e21,
  1e38,
  1e300,
  -1e300,
];

/** Any value at all, wrong more often than right. */
export function anyValue(dice: Dice, levels = 3): unknown {
  return dice.weighted<() => unknown>([
    [4, () => dice.pick(TEXTS)],
    [4, () => dice.pick(NUMBERS)],
    [1, () => null],
    [1, () => dice.chance(0.5)],
    [1, () => []],
    [1, () => ({})],
    [1, () => nested(dice.pick([2, 10, 60, 70]))],
    [levels > 0 ? 1 : 0, () => Array.from({ length: dice.below(5) }, () => anyValue(dice, levels - 1))],
    [levels > 0 ? 1 : 0, () => objectOf(dice, levels - 1)],
    [0.2, () => Array.from({ length: 20_000 }, (_, i) => i)],
  ])();
}

function objectOf(dice: Dice, levels: number): object {
  const entries = Array.from({ length: 1 + dice.below(4) }, () => [dice.pick(TEXTS), anyValue(dice, levels)]);
  return Object.fromEntries(entries);
}

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < levels; i++) value = i % 2 === 0 ? [value] : { a: value };
  return value;
}

/** The value with some of its parts taken away, put elsewhere, repeated or replaced. */
export function mutated(value: unknown, dice: Dice): unknown {
  let result = structuredClone(value);
  for (let i = 1 + dice.below(3); i > 0; i--) result = mutateOnce(result, dice);
  return result;
}

type Place = { readonly holder: Record<string, unknown>; readonly name: string };

function mutateOnce(value: unknown, dice: Dice): unknown {
  const places = placesIn(value);
  if (places.length === 0 || dice.chance(0.02)) return anyValue(dice);
  const { holder, name } = dice.pick(places);
  const set = (name: string, value: unknown) => {
    // JSON has no names in a list; an array has one that refuses what is no length.
    if (Array.isArray(holder) && !/^\d{1,4}$/.test(name)) return;
    Object.defineProperty(holder, name, { value, enumerable: true, configurable: true, writable: true });
  };
  dice.weighted<() => void>([
    [8, () => set(name, anyValue(dice))],
    [3, () => delete holder[name]],
    [3, () => set(dice.pick(TEXTS), anyValue(dice))],
    [3, () => set(name, structuredClone(dice.pick(places).holder))],
    [2, () => set(name, repeated(holder[name], dice))],
    [2, () => set(dice.pick(places).name, structuredClone(holder[name]))],
    [2, () => set(name, JSON.stringify(holder[name]))],
    [2, () => set(name, typeof holder[name] === 'number' ? dice.pick(NUMBERS) : [holder[name]])],
  ])();
  return value;
}

function repeated(value: unknown, dice: Dice): unknown {
  const times = dice.pick([2, 10, 1_000]);
  if (typeof value === 'string') return value.repeat(times);
  if (typeof value === 'number') return value * times;
  return Array.from({ length: times }, () => structuredClone(Array.isArray(value) ? value[0] : value));
}

function placesIn(value: unknown, most = 2_000): Place[] {
  const places: Place[] = [];
  const open = [value];
  for (let at = open.pop(); at !== undefined && places.length < most; at = open.pop()) {
    if (typeof at !== 'object' || at === null) continue;
    for (const [name, inner] of Object.entries(at)) {
      places.push({ holder: at as Record<string, unknown>, name });
      if (inner !== null) open.push(inner);
    }
  }
  return places;
}

/** JSON that `JSON.stringify` wouldn’t write. */
export function mutatedText(text: string, dice: Dice): string {
  const at = dice.below(text.length + 1);
  const cut = [text.slice(0, at), text.slice(at)] as const;
  return dice.weighted<() => string>([
    [2, () => cut[0]],
    [
      2,
      () =>
        cut[0] + dice.pick(['NaN', 'Infinity', ',', '}', ']', '"', '\u0000', '//', '1e999', '-']) + cut[1],
    ],
    [2, () => text.replace(/"(\w+)":/, '"$1":1,"$1":')],
    [2, () => text.replace('{', '{"__proto__":{"polluted":true},')],
    [2, () => text.replace('{', '{"constructor":{"prototype":{"polluted":true}},')],
    [1, () => `\ufeff${text}`],
    [1, () => text + text],
    [1, () => `${'['.repeat(100_000)}`],
    [1, () => `${'{"a":'.repeat(3_000)}1${'}'.repeat(3_000)}`],
    [1, () => text.replaceAll(/\d+/g, '1e999')],
    [1, () => text.replaceAll(/\d+/g, '9'.repeat(400))],
    [1, () => text.replaceAll(/"[^"]*"/g, (part) => (dice.chance(0.2) ? '"\\ud800"' : part))],
    [1, () => text.replaceAll(/"[^"]*"/g, (part) => (dice.chance(0.2) ? '"\\u0000"' : part))],
  ])();
}

/** The bytes with some of them turned, taken out or put in. */
export function mutatedBytes(bytes: Buffer, dice: Dice): Buffer {
  let result: Buffer = Buffer.from(bytes);
  for (let i = 1 + dice.below(4); i > 0 && result.length > 0; i--) {
    const at = dice.below(result.length);
    result = dice.weighted<() => Buffer>([
      [6, () => turned(result, at, dice)],
      [2, () => result.subarray(0, at)],
      [2, () => Buffer.concat([result.subarray(0, at), result.subarray(at + 1 + dice.below(20))])],
      [1, () => Buffer.concat([result.subarray(0, at), Buffer.from(dice.pick(TEXTS)), result.subarray(at)])],
      [1, () => Buffer.concat([result, result])],
    ])();
  }
  return result;
}

function turned(bytes: Buffer, at: number, dice: Dice): Buffer {
  bytes[at] = dice.pick([0, 1, 0x7f, 0x80, 0xff, bytes[at]! ^ (1 << dice.below(8))]);
  return bytes;
}
