import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Arena, expectClose, kernels, normals } from './arena.ts';
import {
  aWindow,
  aWindowOf,
  forEachTap,
  inputSize,
  outputPixels,
  type Window,
  windowArguments,
} from './windows.ts';

/** The specialised one, 2 × 2 with stride 2, as often as all others. */
const aPooling = fc.oneof(aWindowOf(2, 2), aWindow());

const outputSize = (w: Window) => outputPixels(w) * w.channels;

/** Values of which many are equal. */
const ties = (window: Window) => normals(1, inputSize(window)).map((value) => Math.round(value));

function forEachElement(window: Window, visit: (input: number, output: number) => void): void {
  const { channels } = window;
  forEachTap(window, (input, output) => {
    for (let c = 0; c < channels; c++) visit(input * channels + c, output * channels + c);
  });
}

function greatestOf(window: Window, x: Float32Array): Float32Array {
  const y = new Float32Array(outputSize(window)).fill(Number.NEGATIVE_INFINITY);
  forEachElement(window, (input, output) => {
    y[output] = Math.max(y[output]!, x[input]!);
  });
  return y;
}

function coverOf(window: Window): Float64Array {
  const cover = new Float64Array(outputSize(window));
  forEachElement(window, (_input, output) => {
    cover[output]!++;
  });
  return cover;
}

describe('maxPool', () => {
  it('takes the greatest of each window, and NaN where one is in it', () => {
    fc.assert(
      fc.property(aPooling, fc.array(fc.nat(), { maxLength: 3 }), (window, holes) => {
        const arena = new Arena();
        const x = normals(1, inputSize(window));
        for (const hole of holes) x[hole % x.length] = Number.NaN;
        const y = arena.output(new Float32Array(outputSize(window)));
        kernels.maxPool(arena.input(x), y, ...windowArguments(window));
        expect(arena.read(y)).toEqual(greatestOf(window, x));
        arena.expectOthersUntouched();
      }),
      { numRuns: 300 },
    );
  });
});

describe('maxPoolGradient', () => {
  it("sends each window's gradient to its first greatest element", () => {
    fc.assert(
      fc.property(aPooling, (window) => {
        const arena = new Arena();
        const [x, dy] = [ties(window), normals(2, outputSize(window))];
        const y = greatestOf(window, x);
        const dx = arena.blank(inputSize(window));
        kernels.maxPoolGradient(
          ...[arena.input(x), arena.input(y), arena.input(dy), dx],
          ...windowArguments(window),
        );
        const expected = new Float64Array(inputSize(window));
        const isPlaced = new Uint8Array(y.length);
        forEachElement(window, (input, output) => {
          if (isPlaced[output] || x[input] !== y[output]) return;
          isPlaced[output] = 1;
          expected[input]! += dy[output]!;
        });
        expectClose(arena.read(dx), expected, 10);
        arena.expectOthersUntouched();
      }),
      { numRuns: 300 },
    );
  });

  it('sends none where the greatest is NaN', () => {
    const arena = new Arena();
    const x = arena.input([Number.NaN, 1, 2, 3]);
    const dx = arena.blank(4);
    const [y, dy] = [arena.input([Number.NaN]), arena.input([1])];
    kernels.maxPoolGradient(x, y, dy, dx, 1, 2, 2, 1, 2, 2, 2, 2, 0, 0, 1, 1);
    expect(Array.from(arena.read(dx))).toEqual([0, 0, 0, 0]);
  });
});

describe('avgPool', () => {
  it('takes the mean of what of each window is inside', () => {
    fc.assert(
      fc.property(aPooling, (window) => {
        const arena = new Arena();
        const x = normals(1, inputSize(window));
        const y = arena.blank(outputSize(window));
        kernels.avgPool(arena.input(x), y, ...windowArguments(window));
        const cover = coverOf(window);
        const expected = new Float64Array(outputSize(window));
        forEachElement(window, (input, output) => {
          expected[output]! += x[input]! / cover[output]!;
        });
        expectClose(arena.read(y), expected, 4);
        arena.expectOthersUntouched();
      }),
      { numRuns: 200 },
    );
  });
});

describe('avgPoolGradient', () => {
  it("shares each window's gradient out over what of it is inside", () => {
    fc.assert(
      fc.property(aPooling, (window) => {
        const arena = new Arena();
        const dy = normals(1, outputSize(window));
        const dx = arena.blank(inputSize(window));
        kernels.avgPoolGradient(arena.input(dy), dx, ...windowArguments(window));
        const cover = coverOf(window);
        const expected = new Float64Array(inputSize(window));
        forEachElement(window, (input, output) => {
          expected[input]! += dy[output]! / cover[output]!;
        });
        expectClose(arena.read(dx), expected, 10);
        arena.expectOthersUntouched();
      }),
      { numRuns: 200 },
    );
  });
});
