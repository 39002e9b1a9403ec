import type { ColumnType } from '../spec/dataset.ts';
import type { RawValue } from './readers/index.ts';

/** How one cell is read. Every reader of a cell asks here, so that all of them see the same value. */

/** Text that stands for a missing value, in any case; so do null and spaces alone. */
const MISSING = new Set(['', '?', 'na', 'n/a', 'nan', 'null']);
const LONGEST_MISSING = 4;

/** A decimal number: not hexadecimal, no thousands separators, and not `Infinity`. */
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

export function isMissing(value: RawValue): boolean {
  if (typeof value !== 'string') return value === null;
  const text = value.trim();
  return text.length <= LONGEST_MISSING && MISSING.has(text.toLowerCase());
}

/** The finite number that a cell holds; NaN where it holds none. */
export function toNumber(value: RawValue): number {
  if (typeof value === 'number') return Number.isFinite(value) ? value : Number.NaN;
  if (typeof value !== 'string') return Number.NaN;
  const text = value.trim();
  if (!NUMBER.test(text)) return Number.NaN;
  const number = Number(text);
  return Number.isFinite(number) ? number : Number.NaN;
}

/** `true` and `false`, in any case; undefined for everything else. */
export function toBoolean(value: RawValue): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string' || value.length > 5) return undefined;
  const text = value.toLowerCase();
  return text === 'true' ? true : text === 'false' ? false : undefined;
}

/** 1 for `true` and 1, 0 for `false` and 0; NaN for everything else. */
export function toFlag(value: RawValue): number {
  const boolean = toBoolean(typeof value === 'string' ? value.trim() : value);
  const number = boolean === undefined ? toNumber(value) : Number(boolean);
  return number === 0 || number === 1 ? number : Number.NaN;
}

/** Whether a cell holds an infinity, or a number too large for a double. */
export function isInfinite(value: RawValue): boolean {
  const text = String(value).trim();
  return /^[+-]?inf(inity)?$/i.test(text) || (NUMBER.test(text) && !Number.isFinite(Number(text)));
}

/** The class that a cell names. Numbers lose their spelling (`3.0` is `3`), booleans their case. */
export function toLabel(value: RawValue, type: ColumnType): string {
  if (type === 'number') return String(toNumber(value));
  if (type === 'boolean') return String(toBoolean(value));
  return String(value).trim();
}
