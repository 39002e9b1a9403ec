import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Arena, expectClose, kernels, normals } from './arena.ts';

const aTable = fc
  .record({ rows: fc.integer({ min: 1, max: 9 }), width: fc.integer({ min: 1, max: 11 }) })
  .chain((table) =>
    fc.record({
      ...{ rows: fc.constant(table.rows), width: fc.constant(table.width) },
      ids: fc.array(fc.nat(table.rows - 1), { minLength: 1, maxLength: 20 }),
    }),
  );

describe('gatherRows', () => {
  it('copies the rows with the ids', () => {
    fc.assert(
      fc.property(aTable, ({ rows, width, ids }) => {
        const arena = new Arena();
        const table = normals(1, rows * width);
        const out = arena.blank(ids.length * width);
        const wrong = kernels.gatherRows(arena.input(table), rows, arena.input(ids), out, ids.length, width);
        expect(wrong).toBe(-1);
        const expected = ids.flatMap((id) => Array.from(table.subarray(id * width, (id + 1) * width)));
        expect(Array.from(arena.read(out))).toEqual(expected);
        arena.expectOthersUntouched();
      }),
    );
  });

  it.each([-1, 3, 1e9, Number.NaN])('stops at an id outside of the table: %s', (id) => {
    const arena = new Arena();
    const out = arena.blank(6);
    const wrong = kernels.gatherRows(arena.input([1, 2, 3, 4, 5, 6]), 3, arena.input([2, id, 0]), out, 3, 2);
    expect(wrong).toBe(1);
    expect(Array.from(arena.read(out))).toEqual([5, 6, ...Array(4).fill(Number.NaN)]);
    arena.expectOthersUntouched();
  });
});

describe('segmentSum', () => {
  it('adds up the rows of each segment, without those outside', () => {
    fc.assert(
      fc.property(aTable, fc.integer({ min: 1, max: 9 }), ({ rows, width, ids }, first) => {
        const arena = new Arena();
        const x = normals(1, ids.length * width);
        const shifted = ids.map((id) => id - first + 1);
        const out = arena.blank(rows * width);
        kernels.segmentSum(arena.input(x), arena.input(shifted), out, ids.length, width, rows);
        const expected = new Float64Array(rows * width);
        for (const [row, id] of shifted.entries()) {
          for (let i = 0; i < width && id >= 0; i++) expected[id * width + i]! += x[row * width + i]!;
        }
        expectClose(arena.read(out), expected, 20);
        arena.expectOthersUntouched();
      }),
    );
    const arena = new Arena();
    const out = arena.blank(2);
    const ids = arena.input([2, Number.NaN, 1, 1e9]);
    kernels.segmentSum(arena.input([1, 2, 4, 8]), ids, out, 4, 1, 2);
    expect(Array.from(arena.read(out))).toEqual([0, 4]);
    arena.expectOthersUntouched();
  });
});
