import { pointerTo } from '../data/problems.ts';

/** A spec's values that hold no others, by JSON Pointer; an empty list or object is one. */
export function leavesOf(value: unknown, at: readonly string[] = []): Map<string, unknown> {
  const parts = value !== null && typeof value === 'object' ? Object.entries(value) : [];
  if (parts.length === 0) return new Map([[pointerTo(...at), value]]);
  return new Map(parts.flatMap(([key, part]) => [...leavesOf(part, [...at, key])]));
}
