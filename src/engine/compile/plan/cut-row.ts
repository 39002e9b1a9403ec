import type { Nest } from '../loops/nest.ts';

/** A row that is reduced, as one that threads can share and what is left of it. */
export interface CutRow {
  readonly head: Nest;
  readonly tail: Nest;
  /** How far into each pointer's array the tail begins, in elements. */
  readonly offsets: readonly number[];
}

/** So many numbers are a piece of the head. */
const PIECE = 1024;

/** Cuts a long row whose length no piece divides; null for all other nests. */
export function cutRow(nest: Nest): CutRow | null {
  const [row, ...others] = nest.dimensions;
  if (!row?.reduced || others.length > 0 || nest.steps.some(({ index }) => index)) return null;
  const pieces = Math.floor(row.size / PIECE);
  const rest = row.size - pieces * PIECE;
  if (pieces < 2 || rest === 0) return null;
  const strides = nest.pointers.map(([stride]) => stride!);
  const reduced = (size: number) => ({ size, reduced: true });
  return {
    head: {
      ...nest,
      dimensions: [reduced(pieces), reduced(PIECE)],
      pointers: strides.map((stride) => [stride * PIECE, stride]),
    },
    tail: { ...nest, dimensions: [reduced(rest)] },
    offsets: strides.map((stride) => stride * pieces * PIECE),
  };
}
