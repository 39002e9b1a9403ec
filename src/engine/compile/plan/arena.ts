import { aligned } from './cache-line.ts';

/** A buffer that is needed from one unit of a program to another, both included. */
export interface Lifetime {
  readonly bytes: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Gives each buffer a place in one arena, so that none lies over another that is needed at the same time: the
 * greatest first, each as low as it fits. Each begins a cache line.
 * @returns the offsets in bytes, and how long the arena is
 */
export function layOut(buffers: readonly Lifetime[]): { offsets: number[]; bytes: number } {
  const order = [...buffers.keys()].sort((a, b) => buffers[b]!.bytes - buffers[a]!.bytes || a - b);
  const offsets = new Array<number>(buffers.length).fill(0);
  // By offset, so that gaps are found from below.
  const placed: number[] = [];
  let bytes = 0;
  for (const at of order) {
    const own = buffers[at]!;
    const length = aligned(own.bytes);
    let offset = 0;
    for (const other of placed) {
      const { from, to } = buffers[other]!;
      if (to < own.from || own.to < from) continue;
      if (offsets[other]! >= offset + length) break;
      offset = Math.max(offset, offsets[other]! + aligned(buffers[other]!.bytes));
    }
    offsets[at] = offset;
    bytes = Math.max(bytes, offset + length);
    const next = placed.findIndex((other) => offsets[other]! > offset);
    placed.splice(next === -1 ? placed.length : next, 0, at);
  }
  return { offsets, bytes };
}
