import fc from 'fast-check';
import { describe, it } from 'vitest';
import { key, normal } from '../../../../../src/random.ts';
import { Arena, expectSame, kernels } from './arena.ts';

describe('the kernel that draws normal numbers', () => {
  it('draws what JavaScript draws, bit for bit', () => {
    const stream = key(7, 'mask', 3);
    const arena = new Arena();
    const out = arena.blank(200_000);
    kernels.fillNormal(out, 0, 200_000, ...stream);
    expectSame(
      arena.read(out),
      Float32Array.from({ length: 200_000 }, (_, i) => normal(stream, i)),
    );
    arena.expectOthersUntouched();
  });

  it('draws any part of a stream', () => {
    const aPart = fc.record({ start: fc.nat(2 ** 31 - 100), count: fc.nat(20), seed: fc.nat() });
    fc.assert(
      fc.property(aPart, ({ start, count, seed }) => {
        const stream = key(seed);
        const arena = new Arena();
        const out = arena.blank(count);
        kernels.fillNormal(out, start, start + count, ...stream);
        expectSame(
          arena.read(out),
          Float32Array.from({ length: count }, (_, i) => normal(stream, start + i)),
        );
        arena.expectOthersUntouched();
      }),
    );
  });
});
