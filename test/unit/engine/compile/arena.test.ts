import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Lifetime, layOut } from '../../../../src/engine/compile/plan/arena.ts';

const LINE = 64;
const lifetime: fc.Arbitrary<Lifetime> = fc
  .tuple(fc.integer({ min: 1, max: 2000 }), fc.nat(20), fc.nat(8))
  .map(([bytes, from, length]) => ({ bytes, from, to: from + length }));
const buffers = fc.array(lifetime, { maxLength: 40 });
const lines = (bytes: number) => Math.ceil(bytes / LINE) * LINE;
const together = (a: Lifetime, b: Lifetime) => a.from <= b.to && b.from <= a.to;

it('lays no buffer over another that is needed at the same time', () => {
  fc.assert(
    fc.property(buffers, (buffers) => {
      const { offsets, bytes } = layOut(buffers);
      for (const [i, a] of buffers.entries()) {
        expect(offsets[i]! % LINE).toBe(0);
        expect(offsets[i]! + a.bytes).toBeLessThanOrEqual(bytes);
        for (const [j, b] of buffers.entries()) {
          if (i === j || !together(a, b)) continue;
          const isApart = offsets[i]! + a.bytes <= offsets[j]! || offsets[j]! + b.bytes <= offsets[i]!;
          expect(isApart).toBe(true);
        }
      }
    }),
    { numRuns: 1000 },
  );
});

it('is no longer than all buffers, and no shorter than those that are needed at once', () => {
  fc.assert(
    fc.property(buffers, (buffers) => {
      const { bytes } = layOut(buffers);
      const sum = (some: readonly Lifetime[]) => some.reduce((total, own) => total + lines(own.bytes), 0);
      expect(bytes).toBeLessThanOrEqual(sum(buffers));
      for (let at = 0; at < 30; at++)
        expect(bytes).toBeGreaterThanOrEqual(sum(buffers.filter(({ from, to }) => from <= at && at <= to)));
    }),
    { numRuns: 1000 },
  );
});

it('uses a place again as soon as it is free', () => {
  const one = (from: number, to: number) => ({ bytes: 100, from, to });
  const { offsets, bytes } = layOut([one(0, 1), one(1, 2), one(2, 3), one(3, 4)]);
  expect(bytes).toBe(2 * 128);
  expect(offsets[0]).toBe(offsets[2]);
  expect(offsets[1]).toBe(offsets[3]);
});

it('puts small buffers into the gaps that great ones leave', () => {
  const { bytes } = layOut([
    { bytes: 640, from: 0, to: 0 },
    { bytes: 320, from: 1, to: 2 },
    { bytes: 256, from: 0, to: 2 },
    { bytes: 320, from: 1, to: 1 },
  ]);
  expect(bytes).toBe(640 + 256);
});
