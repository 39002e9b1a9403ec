import { type JsonNumber, toJsonNumber } from '../../../src/spec/common.ts';

/** Named numbers as JSON carries them: not-a-number and the infinities become strings. */
export function jsonNumbers(values: Record<string, number>): Record<string, JsonNumber> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, toJsonNumber(value)]));
}
