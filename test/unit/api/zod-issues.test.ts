import { expect, it } from 'vitest';
import { z } from 'zod';
import { jsonPointer, problemErrors } from '../../../apps/api/zod-issues.ts';

function errorsOf(schema: z.ZodType, value: unknown) {
  return problemErrors(schema.safeParse(value).error?.issues ?? []);
}

it('escapes what JSON Pointer gives a meaning', () => {
  expect(jsonPointer(['a/b', 0, 'c~d'])).toBe('/a~1b/0/c~0d');
  expect(jsonPointer([])).toBe('');
});

it('points at each unknown field', () => {
  const errors = errorsOf(z.strictObject({ a: z.number() }), { a: 1, b: 2, c: 3 });
  expect(errors.map(({ pointer }) => pointer)).toEqual(['/b', '/c']);
});

it('tells of a union what is wrong in the branch that was meant', () => {
  const union = z.union([
    z.enum(['x', 'y']),
    z.strictObject({ low: z.number(), high: z.number() }),
    z.strictObject({ norm: z.number().positive() }),
  ]);
  expect(errorsOf(union, { norm: -1 })).toEqual([
    { pointer: '/norm', message: expect.stringContaining('>0') },
  ]);
  expect(errorsOf(union, { low: 1, high: 'a' })).toEqual([
    { pointer: '/high', message: expect.stringContaining('number') },
  ]);
});

it('tells every kind that a union takes where none was meant', () => {
  const union = z.union([z.enum(['x', 'y']), z.strictObject({ a: z.number() }), z.array(z.number())]);
  expect(errorsOf(union, 'z')).toEqual([
    { pointer: '', message: 'Must be one of x, y, or of type object, or of type array' },
  ]);
});

it('goes into unions inside of unions', () => {
  const inner = z.union([z.number(), z.enum(['NaN'])]);
  const outer = z.union([z.array(inner), z.record(z.string(), inner)]);
  expect(errorsOf(outer, [1, 'b'])).toEqual([
    { pointer: '/1', message: 'Must be of type number, or one of NaN' },
  ]);
});

it('says why a key isn’t taken', () => {
  const errors = errorsOf(z.record(z.string().max(2), z.number()), { abc: 1 });
  expect(errors).toEqual([{ pointer: '/abc', message: expect.stringContaining('2 characters') }]);
});
