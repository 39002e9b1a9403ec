import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Arena, expectClose, kernels, normals } from './arena.ts';

/** How many float32 lie between two, both positive. */
function ulpsBetween(a: number, b: number): number {
  const bits = new Int32Array(Float32Array.of(a, b).buffer);
  return Math.abs(bits[0]! - bits[1]!);
}

function exponentialsOf(values: ArrayLike<number>): Float32Array {
  const arena = new Arena();
  const y = arena.blank(values.length);
  kernels.exponentials(arena.input(values), y, values.length);
  arena.expectOthersUntouched();
  return arena.read(y);
}

describe('exponentials', () => {
  it('is right to within two ulp, over all that has an exponential', () => {
    const x = Float32Array.from({ length: 200_001 }, (_, i) => -104 + (i / 200_000) * (88.7 + 104));
    const y = exponentialsOf(x);
    const ulps = Array.from(x, (value, i) => ulpsBetween(y[i]!, Math.fround(Math.exp(value))));
    expect(ulps.reduce((most, it) => Math.max(most, it))).toBeLessThanOrEqual(2);
  });

  it('knows the ends', () => {
    const { NaN: not, POSITIVE_INFINITY: infinite, NEGATIVE_INFINITY: least } = Number;
    const y = exponentialsOf([0, -0, least, infinite, not, 1e30, -1e30, 89, -110]);
    expect(Array.from(y)).toEqual([1, 1, 0, infinite, not, infinite, 0, infinite, 0]);
  });
});

const aMatrix = fc.record({
  rows: fc.integer({ min: 1, max: 5 }),
  columns: fc.integer({ min: 1, max: 19 }),
  scale: fc.constantFrom(1, 30, 1000),
});

const softmaxOf = (row: number[]): number[] => {
  const greatest = Math.max(...row);
  const sum = row.reduce((total, value) => total + Math.exp(value - greatest), 0);
  return row.map((value) => Math.exp(value - greatest) / sum);
};

const logSoftmaxOf = (row: number[]): number[] => {
  const greatest = Math.max(...row);
  const sum = row.reduce((total, value) => total + Math.exp(value - greatest), 0);
  return row.map((value) => value - greatest - Math.log(sum));
};

describe.each([
  ['softmax', kernels.softmax, softmaxOf],
  ['logSoftmax', kernels.logSoftmax, logSoftmaxOf],
] as const)('%s', (_name, kernel, reference) => {
  it.each([false, true])('is right for each row, in place: %s', (inPlace) => {
    fc.assert(
      fc.property(aMatrix, ({ rows, columns, scale }) => {
        const arena = new Arena();
        const values = normals(rows, rows * columns).map((value) => value * scale);
        const x = inPlace ? arena.output(values) : arena.input(values);
        const y = inPlace ? x : arena.blank(values.length);
        kernel(x, y, rows, columns);
        const expected = Array.from({ length: rows }, (_, row) =>
          reference(Array.from(values.subarray(row * columns, (row + 1) * columns))),
        );
        expectClose(arena.read(y), expected.flat(), reference === softmaxOf ? 1 : scale * 4);
        arena.expectOthersUntouched();
      }),
    );
  });

  it('makes a row with NaN all NaN, and no other', () => {
    const arena = new Arena();
    const y = arena.blank(10);
    kernel(arena.input([0, 1, 2, Number.NaN, 4, 0, 0, 0, 0, 0]), y, 2, 5);
    const uniformRow = Array(5).fill(Math.fround(reference([0, 0, 0, 0, 0])[0]!));
    const result = Array.from(arena.read(y));
    expect(result.slice(0, 5)).toEqual(Array(5).fill(Number.NaN));
    expectClose(result.slice(5), uniformRow);
  });
});
