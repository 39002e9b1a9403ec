import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Arena, kernels, normals } from './arena.ts';

describe('transpose', () => {
  it('swaps the rows and columns of each matrix', () => {
    const aSize = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 }), aSize, aSize, (batch, rows, columns) => {
        const arena = new Arena();
        const x = normals(1, batch * rows * columns);
        const y = arena.blank(x.length);
        kernels.transpose(arena.input(x), y, batch, rows, columns);
        const expected = Float32Array.from(x, (_, i) => {
          const matrix = Math.floor(i / (rows * columns)) * rows * columns;
          const [column, row] = [Math.floor((i - matrix) / rows), (i - matrix) % rows];
          return x[matrix + row * columns + column]!;
        });
        expect(arena.read(y)).toEqual(expected);
        arena.expectOthersUntouched();
      }),
    );
  });
});
