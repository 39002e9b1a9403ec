import { toJsonNumber } from '../../spec/common.ts';
import { Prisma } from './generated/client.ts';

/** The value as Postgres's JSON can hold it: numbers that JSON lacks become the strings that the API sends. */
export function toJson(value: unknown): Prisma.InputJsonValue {
  return JSON.parse(
    JSON.stringify(value, (_key, part) => (typeof part === 'number' ? toJsonNumber(part) : part)),
  );
}

/** As `toJson`, for a column that may be empty. */
export function toNullableJson(value: unknown): Prisma.InputJsonValue | typeof Prisma.DbNull {
  return value === null ? Prisma.DbNull : toJson(value);
}

/** What `toJson` made of a record of numbers, as numbers again. */
export function toNumbers(json: Prisma.JsonValue): Record<string, number> {
  return Object.fromEntries(Object.entries(json as object).map(([name, value]) => [name, Number(value)]));
}
