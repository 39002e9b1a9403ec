import fc from 'fast-check';
import { describe, it } from 'vitest';
import { key, normal, uniform } from '../../../../../src/random.ts';
import { Arena, expectSame, kernels } from './arena.ts';

const kinds = { uniform: [kernels.fillUniform, uniform], normal: [kernels.fillNormal, normal] } as const;

describe.each(['uniform', 'normal'] as const)('the kernel that draws %s numbers', (kind) => {
  const [fill, draw] = kinds[kind];

  it('draws what JavaScript draws, bit for bit', () => {
    const stream = key(7, 'mask', 3);
    const arena = new Arena();
    const out = arena.blank(200_000);
    fill(out, 0, 200_000, ...stream);
    expectSame(
      arena.read(out),
      Float32Array.from({ length: 200_000 }, (_, i) => draw(stream, i)),
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
        fill(out, start, start + count, ...stream);
        expectSame(
          arena.read(out),
          Float32Array.from({ length: count }, (_, i) => draw(stream, start + i)),
        );
        arena.expectOthersUntouched();
      }),
    );
  });
});
