import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { MapFunction, ReduceFunction } from '../../../../src/engine/compile/ir/program.ts';
import { type Argument, divisible, type Nest } from '../../../../src/engine/compile/loops/nest.ts';
import { fillUniform, key, uniform } from '../../../../src/random.ts';
import { interpretNest, runNest } from './nests.ts';

const RUNS = { numRuns: 400 };
const EXACT: readonly MapFunction[] = [
  ...(['copy', 'neg', 'abs', 'sign', 'trunc', 'add', 'sub', 'max', 'min'] as const),
  ...(['gt', 'ge', 'lt', 'le', 'eq', 'ne', 'select'] as const),
];
const ARITY: Partial<Record<MapFunction, number>> = { copy: 1, neg: 1, abs: 1, sign: 1, trunc: 1, select: 3 };
const REDUCTIONS: readonly ReduceFunction[] = ['sum', 'max', 'min', 'prod'];

interface RandomNest {
  readonly nest: Nest;
  readonly arrays: readonly Float32Array[];
}

const aDimension = fc.record({
  size: fc.oneof(fc.integer({ min: 2, max: 9 }), fc.constantFrom(2, 3, 16, 17, 18, 19, 35)),
  reduced: fc.boolean(),
});
/** Over not too many elements: they are also gone through one by one. */
const dimensions = fc
  .array(aDimension, { maxLength: 4 })
  .filter((dimensions) => dimensions.reduce((product, { size }) => product * size, 1) <= 4000);

/**
 * Nests over whole numbers, of which all that they make is exact. Sums and products are of few or of 1 and −1; what
 * is reduced is written where a plan would put it, and what is stored may lie apart or in place of what is read.
 */
const aNest: fc.Arbitrary<RandomNest> = fc
  .tuple(
    dimensions,
    fc.array(fc.tuple(fc.nat(15), fc.nat(), fc.nat(), fc.nat()), { maxLength: 14 }),
    fc.array(fc.tuple(fc.nat(3), fc.nat()), { maxLength: 3 }),
    fc.array(fc.tuple(fc.nat(3), fc.nat()), { maxLength: 3 }),
    fc.array(fc.array(fc.constantFrom(0, 0, 1, 1, 1, 2, 3, 5, 7), { minLength: 4, maxLength: 4 }), {
      minLength: 1,
      maxLength: 4,
    }),
    fc.nat(),
  )
  .map(([dimensions, drawnSteps, drawnStores, drawnReductions, drawnStrides, seed]) => {
    const hasReduced = dimensions.some(({ reduced }) => reduced);
    const pointers: number[][] = [];
    const arrays: Float32Array[] = [];
    const add = (strides: number[], array?: Float32Array) => {
      const length = 1 + strides.reduce((sum, stride, i) => sum + (dimensions[i]!.size - 1) * stride, 0);
      const numbers = fillUniform(new Float32Array(length), key(seed, pointers.length));
      pointers.push(strides);
      arrays.push(array ?? numbers.map((number) => Math.floor(number * 7) - 3));
      return pointers.length - 1;
    };
    // What is read: any strides, and those of all elements one after another.
    for (const strides of drawnStrides) add(strides.slice(0, dimensions.length));
    const inPlace = add(rowMajor(dimensions, () => true, 1));
    const readable = pointers.length;
    const steps: Nest['steps'][number][] = [];
    const argument = (choice: number): Argument => {
      const kinds = readable + steps.length + 1;
      const at = choice % kinds;
      if (at < readable) return { pointer: at };
      return at < readable + steps.length ? { step: at - readable } : (choice % 5) - 2;
    };
    for (const [fn, ...choices] of drawnSteps) {
      const name = EXACT[fn]!;
      const args = choices.slice(0, ARITY[name] ?? 2).map(argument);
      steps.push({ fn: name, args });
    }
    const stores: Nest['stores'][number][] = [];
    for (const [kind, choice] of drawnStores) {
      const value = argument(choice);
      const step = 1 + (kind % 3 === 2 ? choice % 3 : 0);
      const isFree = kind === 3 && !stores.some(({ pointer }) => pointer === inPlace);
      stores.push({ value, pointer: isFree ? inPlace : add(rowMajor(dimensions, () => true, step)) });
    }
    const reductions = hasReduced
      ? drawnReductions.map(([fn, choice]) => {
          const name = REDUCTIONS[fn]!;
          const pointer = add(rowMajor(dimensions, (i) => !dimensions[i]!.reduced, 1));
          if (name !== 'prod') return { fn: name, value: argument(choice), pointer };
          steps.push({ fn: 'sign', args: [argument(choice)] });
          return { fn: name, value: { step: steps.length - 1 }, pointer };
        })
      : [];
    const kept =
      reductions.length > 0 ? dimensions : dimensions.map(({ size }) => ({ size, reduced: false }));
    return { nest: { dimensions: kept, pointers, steps, stores, reductions }, arrays };
  })
  .filter(({ nest }) => nest.stores.length + nest.reductions.length > 0);

/** Strides of those dimensions that are there, each number `step` after the one before it, and 0 of the others. */
function rowMajor(
  dimensions: readonly { readonly size: number }[],
  isThere: (i: number) => boolean,
  step: number,
): number[] {
  let behind = step;
  return dimensions
    .map(({ size }, i) => ({ size, i }))
    .reverse()
    .map(({ size, i }) => {
      if (!isThere(i)) return 0;
      const stride = behind;
      behind *= size;
      return stride;
    })
    .reverse();
}

/** Expects the same numbers; which zero it is doesn't matter. */
function expectEqual(found: readonly Float32Array[], expected: readonly (readonly number[])[]): void {
  for (const [i, numbers] of expected.entries())
    expect([...found[i]!].map((value) => value + 0)).toEqual(numbers.map((value) => value + 0));
}

describe('generated code', () => {
  it('makes what a nest says, and writes nowhere else', () => {
    fc.assert(
      fc.property(aNest, ({ nest, arrays }) => {
        expectEqual(runNest(nest, arrays), interpretNest(nest, arrays));
      }),
      RUNS,
    );
  });

  it('makes a part of the outermost dimension, and all of it in parts', () => {
    fc.assert(
      fc.property(
        aNest.filter(({ nest }) => divisible(nest) > 1 && !nest.dimensions[0]!.reduced),
        fc.nat(),
        fc.nat(),
        ({ nest, arrays }, a, b) => {
          const count = divisible(nest);
          const [first, second] = [a % (count + 1), b % (count + 1)].sort((a, b) => a - b) as [
            number,
            number,
          ];
          const parts = [
            [second, count],
            [0, first],
            [first, second],
          ] as const; // prettier-ignore
          expectEqual(runNest(nest, arrays, parts), interpretNest(nest, arrays));
        },
      ),
      RUNS,
    );
  });

  it.each([1, 2, 3, 4, 5, 7, 15, 16, 17, 19, 31, 33, 63, 65])('goes to the end of a row of %d', (size) => {
    const x = Float32Array.from({ length: size }, (_, i) => (i % 7) - 3);
    const nest: Nest = {
      dimensions: [{ size, reduced: false }],
      pointers: [[1], [1]],
      steps: [{ fn: 'neg', args: [{ pointer: 0 }] }],
      stores: [{ value: { step: 0 }, pointer: 1 }],
      reductions: [],
    };
    expectEqual(runNest(nest, [x, new Float32Array(size)]).slice(1), [[...x].map((value) => -value)]);
    // From anywhere to anywhere.
    const [from, to] = [Math.floor(size / 3), Math.ceil((2 * size) / 3)];
    const expected = Array.from(x, (value, i) => (i >= from && i < to ? -value : 0));
    expectEqual(runNest(nest, [x, new Float32Array(size)], [[from, to]]).slice(1), [expected]);
  });

  it('draws the random numbers of src/random.ts', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 5 }),
        fc.constantFrom(0, 1, 2, 9),
        (seed, size, rows, stride) => {
          const stream = key(seed, 'draws');
          const nest: Nest = {
            dimensions: [
              { size: rows, reduced: false },
              { size, reduced: false },
            ],
            pointers: [
              [0, 0],
              [0, 0],
              [size, 1],
            ],
            steps: [{ fn: 'uniform', args: [{ pointer: 0 }, { pointer: 1 }], index: [1000, stride] }],
            stores: [{ value: { step: 0 }, pointer: 2 }],
            reductions: [],
          };
          const words = stream.map((word) => Int32Array.of(word));
          const [, , found] = runNest(nest, [...words, new Float32Array(rows * size)]);
          const expected = Array.from({ length: rows * size }, (_, i) =>
            uniform(stream, 1000 * Math.floor(i / size) + stride * (i % size)),
          );
          expect([...found!]).toEqual(expected);
        },
      ),
      { numRuns: 100 },
    );
  });

  it.each([
    ['along rows', [false, true]],
    ['of columns', [true, false]],
    ['of all', [true, true]],
  ] as const)('loses little in long sums %s', (_, [outer, inner]) => {
    const [rows, columns] = [1000, 67];
    const x = fillUniform(new Float32Array(rows * columns), key(1, 'sums'));
    const sizes = outer && !inner ? ([50, 20] as const) : ([rows] as const);
    const strides = [...sizes.map((_, i) => columns * (sizes[i + 1] ?? 1)), 1];
    const nest: Nest = {
      dimensions: [...sizes.map((size) => ({ size, reduced: outer })), { size: columns, reduced: inner }],
      pointers: [strides, [...sizes.map(() => (outer ? 0 : 1)), inner ? 0 : 1]],
      steps: [],
      stores: [],
      reductions: [{ fn: 'sum', value: { pointer: 0 }, pointer: 1 }],
    };
    const count = (outer ? 1 : rows) * (inner ? 1 : columns);
    const [, found] = runNest(nest, [x, new Float32Array(count)]);
    const [, expected] = interpretNest(nest, [x, new Float32Array(count)]);
    for (const [i, sum] of expected!.entries()) expect(Math.abs(found![i]! / sum - 1)).toBeLessThan(5e-7);
  });

  it.each([1023, 1024, 1025, 2047, 2048, 2049, 100_003, 1_011_009])('loses little of a row of %d', (size) => {
    const x = fillUniform(new Float32Array(2 * size), key(1, 'sums', size));
    const nest: Nest = {
      dimensions: [
        { size: 2, reduced: false },
        { size, reduced: true },
      ],
      pointers: [
        [size, 1],
        [1, 0],
      ],
      steps: [],
      stores: [],
      reductions: [{ fn: 'sum', value: { pointer: 0 }, pointer: 1 }],
    };
    const sums = runNest(nest, [x, new Float32Array(2)])[1]!;
    const rows = [x.subarray(0, size), x.subarray(size)];
    for (const [i, row] of rows.entries()) {
      const expected = row.reduce((sum, number) => sum + number, 0);
      expect(Math.abs(sums[i]! / expected - 1)).toBeLessThan(5e-7);
    }
  });
});

test('what is no number goes through every reduction', () => {
  for (const fn of REDUCTIONS) {
    for (let at = 0; at < 9; at++) {
      const x = new Float32Array(9).fill(1);
      x[at] = Number.NaN;
      const nest: Nest = {
        dimensions: [{ size: 9, reduced: true }],
        pointers: [[1], [0]],
        steps: [],
        stores: [],
        reductions: [{ fn, value: { pointer: 0 }, pointer: 1 }],
      };
      expect(runNest(nest, [x, new Float32Array(1)])[1]![0], `${fn} of ${at}`).toBeNaN();
    }
  }
});
