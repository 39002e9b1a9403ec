import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createGather, epochOrder } from '../../../src/data/batches.ts';
import type { Examples } from '../../../src/data/examples.ts';

/** `count` examples whose numbers tell which one they belong to. */
function numbered(count: number, weighted = false): Examples {
  const examples = {
    count,
    width: 2,
    x: Float32Array.from({ length: count * 2 }, (_, i) => i),
    units: 1,
    y: Float32Array.from({ length: count }, (_, i) => -i),
  };
  return weighted
    ? { ...examples, weights: Float32Array.from({ length: count }, (_, i) => i / 2) }
    : examples;
}

describe('an epoch’s order', () => {
  it('visits every example once, and the same way for the same seed, stage and epoch', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(9), fc.nat(99), fc.nat(200), (seed, stage, epoch, count) => {
        const order = epochOrder(seed, stage, epoch, count, true);
        expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
        expect(epochOrder(seed, stage, epoch, count, true)).toEqual(order);
      }),
    );
  });

  it('differs between seeds, stages and epochs', () => {
    const orders = [
      [1, 1, 1],
      [2, 1, 1],
      [1, 2, 1],
      [1, 1, 2],
    ].map(([seed, stage, epoch]) => epochOrder(seed!, stage!, epoch!, 50, true).join());
    expect(new Set(orders).size).toBe(4);
  });

  it('is the file’s without shuffling', () => {
    expect([...epochOrder(1, 1, 1, 4, false)]).toEqual([0, 1, 2, 3]);
  });
});

describe('a batch', () => {
  it('holds the examples that the order names', () => {
    const batch = createGather()(numbered(5, true), Uint32Array.of(4, 0, 3, 1, 2), 1, 2);
    expect(batch).toEqual({
      count: 2,
      x: Float32Array.of(0, 1, 6, 7),
      y: Float32Array.of(-0, -3),
      weights: Float32Array.of(0, 1.5),
    });
  });

  it('is a copy, shorter at the end, and without weights where there are none', () => {
    const examples = numbered(3);
    const batch = createGather()(examples, Uint32Array.of(0, 1, 2), 2, 2);
    expect(batch).toEqual({ count: 1, x: Float32Array.of(4, 5), y: Float32Array.of(-2) });
    batch.x.fill(9);
    expect(examples.x[4]).toBe(4);
  });

  it('stands while the next one is made, and then its memory is used again', () => {
    const gather = createGather();
    const order = Uint32Array.of(3, 1, 0, 2, 4);
    const first = gather(numbered(5), order, 0, 2);
    const second = gather(numbered(5), order, 2, 2);
    expect([...first.x, ...second.x]).toEqual([6, 7, 2, 3, 0, 1, 4, 5]);
    const third = gather(numbered(5), order, 1, 2);
    expect([...second.x, ...third.x]).toEqual([0, 1, 4, 5, 2, 3, 0, 1]);
    expect(third.x.buffer).toBe(first.x.buffer);
    expect([...gather(numbered(5), order, 4, 2).x]).toEqual([8, 9]);
  });

  it('finds examples that overlap by their offsets', () => {
    const examples = {
      ...numbered(3),
      width: 3,
      x: Float32Array.of(0, 1, 2, 3, 4, 5, 6),
      offsets: Uint32Array.of(0, 2, 4),
    };
    const { x, y } = createGather()(examples, Uint32Array.of(2, 0, 1), 0, 3);
    expect([...x]).toEqual([4, 5, 6, 0, 1, 2, 2, 3, 4]);
    expect([...y]).toEqual([-2, -0, -1]);
  });

  it('comes with others to the whole epoch', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 20 }), (count, size) => {
        const order = epochOrder(3, 1, 1, count, true);
        const seen: number[] = [];
        for (let start = 0; start < count; start += size)
          seen.push(...createGather()(numbered(count), order, start, size).y);
        expect(seen.map((y) => -y)).toEqual([...order].map((row) => row));
      }),
    );
  });
});
