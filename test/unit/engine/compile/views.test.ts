import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  compose,
  cutAlong,
  type Factor,
  isContiguous,
  isWhole,
  keyOf,
  merged,
  sizeOf,
  strided,
  type View,
  whole,
} from '../../../../src/engine/compile/ir/view.ts';
import { placesOf } from './interpret.ts';

const RUNS = { numRuns: 3000 };

const aFactor: fc.Arbitrary<Factor> = fc.tuple(
  fc.constantFrom(1, 2, 2, 3, 3, 4, 5, 6),
  fc.constantFrom(0, 1, 1, 2, 3, 4, 5, 6, 8, 12, 24),
);
/** Any factors at all, and such as contiguous values have after a transposition or a slice. */
const factors: fc.Arbitrary<Factor[]> = fc.oneof(
  fc.array(aFactor, { maxLength: 4 }),
  fc
    .tuple(
      fc.array(fc.constantFrom(1, 2, 3, 4, 6), { minLength: 1, maxLength: 4 }),
      fc.nat(23),
      fc.integer({ min: 1, max: 3 }),
    )
    .map(([sizes, turn, step]) => {
      const strides = sizes.map((_, i) => step * sizeOf(sizes.slice(i + 1).map((n) => [n, 0] as const)));
      const all = sizes.map((size, i): Factor => [size, strides[i]!]);
      for (let i = all.length, left = turn; i > 1; left = Math.floor(left / i), i--)
        all.push(...all.splice(left % i, 1));
      return all;
    }),
);
const view: fc.Arbitrary<View> = fc.record({ value: fc.constant(3), offset: fc.nat(9), factors });

/** Some of the elements of a value of this size, in any strides that stay within. */
const within = (size: number): fc.Arbitrary<Omit<View, 'value'>> =>
  fc.tuple(factors, fc.nat()).map(([drawn, begin]) => {
    let left = size - 1;
    const fitting = drawn.map(([n, stride]): Factor => {
      const most = stride === 0 ? n : Math.min(n, Math.floor(left / stride) + 1);
      left -= (most - 1) * stride;
      return [most, stride];
    });
    return { offset: begin % (left + 1), factors: fitting };
  });

test('whole sees all of a value, and merging changes nothing of what is seen', () => {
  expect(placesOf(whole(0, 5))).toEqual([0, 1, 2, 3, 4]);
  fc.assert(
    fc.property(view, (view) => {
      const less = { ...view, factors: merged(view.factors) };
      expect(placesOf(less)).toEqual(placesOf(view));
      expect(merged(less.factors)).toEqual(less.factors);
      expect(keyOf(less)).toBe(keyOf(view));
    }),
    RUNS,
  );
});

test('merging leaves no two factors that could be one', () => {
  expect(
    merged([
      [2, 12],
      [3, 4],
      [4, 1],
    ]),
  ).toEqual([[24, 1]]);
  expect(
    merged([
      [3, 0],
      [1, 7],
      [4, 0],
    ]),
  ).toEqual([[12, 0]]);
});

test('a view is contiguous where its elements lie one after another, and whole where they are all', () => {
  fc.assert(
    fc.property(view, fc.nat(30), (view, size) => {
      const places = placesOf(view);
      const follows = places.every((place, i) => place === view.offset + i);
      expect(isContiguous(view)).toBe(follows);
      expect(isWhole(view, size)).toBe(follows && view.offset === 0 && places.length === size);
    }),
    RUNS,
  );
});

describe('cutting along axes', () => {
  /** A shape of as many elements: its own sizes, some of them joined or split. */
  const shaped = view.chain((view) => {
    const size = sizeOf(view.factors);
    const divisors = Array.from({ length: size }, (_, i) => i + 1).filter((n) => size % n === 0);
    return fc.tuple(fc.constant(view), fc.constantFrom(...divisors), fc.nat()).map(([view, n, at]) => {
      const inner = divisors.filter((m) => (size / n) % m === 0);
      const m = inner[at % inner.length]!;
      return { view, shape: [n, m, size / n / m] };
    });
  });

  it('gives each axis factors of its size, and all see what they saw', () => {
    let cut = 0;
    fc.assert(
      fc.property(shaped, ({ view, shape }) => {
        const axes = cutAlong(view.factors, shape);
        if (!axes) return;
        cut++;
        expect(axes.map(sizeOf)).toEqual(shape);
        expect(placesOf({ offset: view.offset, factors: axes.flat() })).toEqual(placesOf(view));
      }),
      RUNS,
    );
    expect(cut).toBeGreaterThan(RUNS.numRuns / 2);
  });

  it('fails only where an axis begins in the middle of a position', () => {
    fc.assert(
      fc.property(shaped, ({ view, shape }) => {
        if (cutAlong(view.factors, shape)) return;
        const cuts = (sizes: readonly number[]) =>
          sizes.map((_, i) => sizes.slice(i).reduce((a, b) => a * b, 1));
        const all = new Set([...cuts(shape), ...cuts(merged(view.factors).map(([size]) => size))]);
        const sorted = [...all].sort((a, b) => a - b);
        expect(sorted.some((n, i) => i > 0 && n % sorted[i - 1]! !== 0)).toBe(true);
      }),
      RUNS,
    );
  });

  it('gives one stride for each axis where there is one', () => {
    fc.assert(
      fc.property(shaped, ({ view, shape }) => {
        const single = strided(view, shape);
        if (single) expect(placesOf({ offset: view.offset, factors: single })).toEqual(placesOf(view));
        const hasOne = [0, 1, 2].every((axis) => {
          const stepsAlong = (axis: number) => shape.slice(axis + 1).reduce((a, b) => a * b, 1);
          const places = placesOf(view);
          const along = Array.from({ length: shape[axis]! }, (_, i) => places[i * stepsAlong(axis)]!);
          return along.every(
            (place, i) => place - along[0]! === i * ((along[1] ?? 0) - along[0]!) || i === 0,
          );
        });
        if (single) expect(hasOne).toBe(true);
      }),
      RUNS,
    );
  });
});

describe('composing', () => {
  it('sees what the one sees of what the other sees, wherever it gives a view', () => {
    let composed = 0;
    fc.assert(
      fc.property(
        view.chain((inner) => fc.tuple(fc.constant(inner), within(sizeOf(inner.factors)))),
        ([inner, outer]) => {
          const both = compose(inner, outer);
          if (!both) return;
          composed++;
          const places = placesOf(inner);
          expect(both.value).toBe(inner.value);
          expect(placesOf(both)).toEqual(placesOf(outer).map((place) => places[place]!));
        },
      ),
      { numRuns: 20_000 },
    );
    expect(composed).toBeGreaterThan(10_000);
  });

  it('always gives one through a whole, and of a whole', () => {
    fc.assert(
      fc.property(view, (view) => {
        const size = sizeOf(view.factors);
        expect(placesOf(compose(view, whole(0, size))!)).toEqual(placesOf(view));
        expect(placesOf(compose(whole(3, 10_000), view)!)).toEqual(placesOf(view));
      }),
      RUNS,
    );
  });

  it.each([
    ['a row', 2, [[3, 1]]],
    ['what begins in one row and ends in the next', null, [[4, 1]]],
  ] as const)('has strides for %s of a transposition, or none', (_, stride, factors) => {
    const transposed: View = {
      value: 0,
      offset: 0,
      factors: [
        [2, 1],
        [3, 2],
      ],
    }; // prettier-ignore
    const both = compose(transposed, { offset: 0, factors });
    expect(both?.factors ?? null).toEqual(stride === null ? null : [[3, stride]]);
  });
});
