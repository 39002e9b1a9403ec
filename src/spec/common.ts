import { z } from 'zod';

/** A name that a user gives to a layer, stage or column. */
export const Name = z.string().min(1).max(100);

/** The name of a layer or stage: it becomes part of weight names and paths, so it has no separators. */
export const Identifier = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/, 'a letter, then up to 63 letters, digits, _ or -');

export const PositiveInt = z.int().min(1);

/** Units, filters, window sizes and the like: no layer has more. */
export const LayerSize = PositiveInt.max(1_000_000);

/** The fraction of units that a dropout layer drops: 0 ≤ rate < 1. */
export const Rate = z.number().min(0).lt(1);

/**
 * A number as JSON carries it: NaN and the infinities, which JSON lacks, are strings.
 * They are never sent as null and never dropped.
 */
export const JsonNumber = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity'])]).meta({
  id: 'JsonNumber',
  description: 'A number; not-a-number and the infinities are the strings "NaN", "Infinity", "-Infinity".',
});
export type JsonNumber = z.infer<typeof JsonNumber>;

export function toJsonNumber(value: number): JsonNumber {
  return Number.isFinite(value) ? value : (String(value) as 'NaN' | 'Infinity' | '-Infinity');
}

/** Numbers by name, as JSON carries them. */
export function toJsonNumbers(numbers: Readonly<Record<string, number>>): Record<string, JsonNumber> {
  return Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, toJsonNumber(value)]));
}

export const Timestamp = z.iso.datetime().meta({ description: 'RFC 3339, UTC' });

/** The shape of one example, without the batch: `[8]` for eight columns, `[28, 28, 1]` for an image. */
export const Shape = z.array(PositiveInt.max(1_000_000_000)).min(1).max(4);
export type Shape = readonly number[];
