import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Split, splitByColumn, splitRows, splitSizes } from '../../../src/data/split.ts';

const shares = fc
  .record({
    validation: fc.double({ min: 0, max: 0.6, noNaN: true }),
    test: fc.double({ min: 0, max: 0.39, noNaN: true }),
  })
  .map(({ validation, test }) => ({ validation, test }));

const rowNumbers = (count: number) => Uint32Array.from({ length: count }, (_, i) => i);
const all = (split: Split) => [...split.train, ...split.validation, ...split.test].sort((a, b) => a - b);

describe('sizes', () => {
  it('follow the largest remainders and add up', () => {
    expect(splitSizes(1_030, { validation: 0.1, test: 0.1 })).toEqual({
      train: 824,
      validation: 103,
      test: 103,
    });
    expect(splitSizes(15, { validation: 0.1, test: 0.1 })).toEqual({ train: 12, validation: 2, test: 1 });
    expect(splitSizes(100, { validation: 0.29, test: 0 })).toEqual({ train: 71, validation: 29, test: 0 });
  });

  it('give each split that is asked for a row', () => {
    expect(splitSizes(4, { validation: 0.01, test: 0.01 })).toEqual({ train: 2, validation: 1, test: 1 });
    expect(splitSizes(4, { validation: 0, test: 0.01 })).toEqual({ train: 3, validation: 0, test: 1 });
  });

  it('leave two rows to train on, and are within one of the share where no part is tiny', () => {
    fc.assert(
      fc.property(fc.integer({ min: 4, max: 2_000 }), shares, (count, { validation, test }) => {
        const sizes = splitSizes(count, { validation, test });
        const quotas = [1 - validation - test, validation, test].map((share) => share * count);
        expect(sizes.train + sizes.validation + sizes.test).toBe(count);
        expect(sizes.train).toBeGreaterThanOrEqual(2);
        expect(sizes.validation > 0).toBe(validation > 0);
        expect(sizes.test > 0).toBe(test > 0);
        if (Math.min(...quotas) < 2) return;
        expect(Math.abs(sizes.validation - quotas[1]!)).toBeLessThan(1);
        expect(Math.abs(sizes.test - quotas[2]!)).toBeLessThan(1);
      }),
      { numRuns: 500 },
    );
  });
});

describe('rows', () => {
  it('are parted: each row is in one split, and the splits are in order', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 3, max: 300 }),
        shares,
        fc.integer({ min: 1, max: 5 }),
        (count, share, classes) => {
          for (const classOf of [undefined, (row: number) => row % classes]) {
            const split = splitRows(rowNumbers(count), share, classOf);
            expect(all(split)).toEqual([...rowNumbers(count)]);
            for (const rows of Object.values(split))
              expect([...rows]).toEqual([...rows].sort((a, b) => a - b));
          }
        },
      ),
    );
  });

  it('train first and test last in the order given', () => {
    const split = splitRows(rowNumbers(10), { validation: 0.2, test: 0.3 });
    expect([...split.train]).toEqual([0, 1, 2, 3, 4]);
    expect([...split.validation]).toEqual([5, 6]);
    expect([...split.test]).toEqual([7, 8, 9]);
  });

  it('keep each class’s share, and a training row of each class', () => {
    const counts = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(counts, shares, (sizes, share) => {
        const classes = sizes.flatMap((size, name) => Array.from({ length: size }, () => name));
        fc.pre(classes.length >= 3);
        const split = splitRows(rowNumbers(classes.length), share, (row) => classes[row]!);
        const whole = splitSizes(classes.length, share);
        for (const [name, size] of sizes.entries()) {
          const inSplit = (rows: Uint32Array) => rows.filter((row) => classes[row] === name).length;
          expect(inSplit(split.train)).toBeGreaterThan(0);
          // Rows that small classes can't give come from the others, so the upper bound is loose by as many.
          const spared = sizes.length;
          for (const part of ['validation', 'test'] as const) {
            const quota = (size * whole[part]) / classes.length;
            expect(inSplit(split[part])).toBeLessThanOrEqual(Math.ceil(quota) + spared);
            if (size - 1 >= Math.ceil(quota) && part === 'validation')
              expect(inSplit(split[part])).toBeGreaterThanOrEqual(Math.floor(quota));
          }
        }
      }),
    );
  });

  it('keep exact shares where they are whole', () => {
    const split = splitRows(rowNumbers(300), { validation: 0.1, test: 0.2 }, (row) => (row < 200 ? 0 : 1));
    const shareOfFirst = (rows: Uint32Array) => rows.filter((row) => row < 200).length;
    expect([split.train, split.validation, split.test].map(shareOfFirst)).toEqual([140, 20, 40]);
    expect([split.train, split.validation, split.test].map((rows) => rows.length)).toEqual([210, 30, 60]);
  });

  it('go where a column says', () => {
    const column = {
      kind: 'classes' as const,
      codes: Int32Array.of(1, 0, 2, 0),
      classes: ['train', 'test', 'validation'],
    };
    expect(splitByColumn(Uint32Array.of(3, 2, 1, 0), column, 'fold')).toEqual({
      train: Uint32Array.of(1, 3),
      validation: Uint32Array.of(2),
      test: Uint32Array.of(0),
    });
    const other = { ...column, classes: ['train', 'holdout', 'test'] };
    expect(() => splitByColumn(Uint32Array.of(0), other, 'fold')).toThrow(
      'column “fold”: “holdout” names no split',
    );
  });
});
