import { expect, it } from 'vitest';
import { z } from 'zod';
import { jsonPointer, PARSING, problemErrors } from '../../../apps/api/zod-issues.ts';

function errorsOf(schema: z.ZodType, value: unknown) {
  return problemErrors(schema.safeParse(value, PARSING).error?.issues ?? []);
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
  expect(errorsOf(outer, [1, 'b'])).toEqual([{ pointer: '/1', message: 'Must be of type number, or NaN' }]);
});

it('says what is missing, whatever it would have to be', () => {
  const schema = z.strictObject({
    number: z.number(),
    list: z.array(z.string()),
    record: z.record(z.string(), z.string()),
    one: z.enum(['a', 'b']),
    literal: z.literal('x'),
    either: z.union([z.number(), z.literal('auto')]),
    kind: z.discriminatedUnion('type', [z.strictObject({ type: z.literal('p') })]),
    optional: z.number().optional(),
  });
  const names = ['number', 'list', 'record', 'one', 'literal', 'either', 'kind'];
  expect(errorsOf(schema, {})).toEqual(names.map((name) => ({ pointer: `/${name}`, message: 'Is missing' })));
  expect(errorsOf(schema, undefined)).toEqual([{ pointer: '', message: 'Is missing' }]);
});

it.each<[z.ZodType, unknown, string]>([
  [z.number(), 'a', 'Must be of type number'],
  [z.number(), null, 'Must be of type number'],
  [z.int(), 1.5, 'Must be a whole number'],
  [z.record(z.string(), z.string()), 3, 'Must be of type object'],
  [z.enum(['a', 'b']), 'c', 'Must be one of a, b'],
  [z.literal('x'), 'y', 'Must be x'],
  [z.union([z.int(), z.literal('auto')]), 1.5, 'Must be a whole number, or auto'],
  [z.union([z.record(z.string(), z.int()), z.enum(['a', 'b'])]), 1, 'Must be of type object, or one of a, b'],
])('says what a value must be: %#', (schema, value, message) => {
  expect(errorsOf(schema, value)).toEqual([{ pointer: '', message }]);
});

it('says why a key isn’t taken', () => {
  const errors = errorsOf(z.record(z.string().max(2), z.number()), { abc: 1 });
  expect(errors).toEqual([{ pointer: '/abc', message: expect.stringContaining('2 characters') }]);
});
