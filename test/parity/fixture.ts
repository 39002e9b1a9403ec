import { readFileSync } from 'node:fs';
import { expect } from 'vitest';

/** What the `make_…fixtures.py` wrote under this name. NaN and the infinities stand there as strings. */
export function fixture<T>(name: string): T {
  const text = readFileSync(new URL(`./fixtures/${name}.json`, import.meta.url), 'utf8');
  return JSON.parse(text, (_key, value) => NON_FINITE.get(value) ?? value) as T;
}
const NON_FINITE = new Map<unknown, number>([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]);

/**
 * Each number within `tolerance` of its reference, relative to it, or to `floor` where it is smaller: near zero
 * float32 can only promise a bound that the numbers it came from give.
 */
export function expectClose(
  found: ArrayLike<number>,
  expected: ArrayLike<number>,
  { tolerance = 1e-5, floor = 1e-2 } = {},
): void {
  expect(found.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(found[i]! - expected[i]!) / Math.max(Math.abs(expected[i]!), floor);
    expect(error, `element ${i}: ${found[i]} instead of ${expected[i]}`).toBeLessThanOrEqual(tolerance);
  }
}
