import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type DepthwiseArguments,
  depthwiseScratchBytes,
} from '../../../../../src/engine/compile/kernels/kernels.ts';
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

interface Depthwise {
  readonly window: Window;
  readonly multiplier: number;
}

/** The specialised ones, 3 × 3 with stride 1 and 2, as often as all others. */
const aDepthwise: fc.Arbitrary<Depthwise> = fc.oneof(
  fc.record({
    window: fc.oneof(aWindowOf(3, 1), aWindowOf(3, 2), aWindowOf(3, 3)),
    multiplier: fc.constant(1),
  }),
  fc.record({ window: aWindow(), multiplier: fc.integer({ min: 1, max: 3 }) }),
);

const filterSize = ({ window, multiplier }: Depthwise) =>
  window.kernelHeight * window.kernelWidth * window.channels * multiplier;
const outputSize = ({ window, multiplier }: Depthwise) => outputPixels(window) * window.channels * multiplier;

function depthwiseArguments({ window, multiplier }: Depthwise, arena: Arena): DepthwiseArguments {
  const { channels, width, outWidth, strideX } = window;
  const scratch = arena.blank(depthwiseScratchBytes(channels, width, outWidth, strideX) / 4);
  return [multiplier, scratch, ...windowArguments(window)];
}

/** For each product of the convolution: the positions of its three elements in x, the filter and y. */
function forEachProduct(
  { window, multiplier }: Depthwise,
  visit: (x: number, filter: number, y: number) => void,
): void {
  const { channels } = window;
  const outputs = channels * multiplier;
  forEachTap(window, (input, output, tap) => {
    for (let o = 0; o < outputs; o++) {
      visit(input * channels + Math.floor(o / multiplier), tap * outputs + o, output * outputs + o);
    }
  });
}

describe('depthwise', () => {
  it('convolves each channel with its own filters', () => {
    fc.assert(
      fc.property(aDepthwise, (shape) => {
        const arena = new Arena();
        const [x, filter] = [normals(1, inputSize(shape.window)), normals(2, filterSize(shape))];
        const y = arena.blank(outputSize(shape));
        kernels.depthwise(arena.input(x), arena.input(filter), y, ...depthwiseArguments(shape, arena));
        const expected = new Float64Array(outputSize(shape));
        forEachProduct(shape, (i, f, o) => {
          expected[o]! += x[i]! * filter[f]!;
        });
        expectClose(arena.read(y), expected, 20);
        arena.expectOthersUntouched();
      }),
      { numRuns: 300 },
    );
  });

  it('keeps NaN to the windows that hold it', () => {
    fc.assert(
      fc.property(aDepthwise, fc.nat(), (shape, place) => {
        const arena = new Arena();
        const x = normals(1, inputSize(shape.window));
        x[place % x.length] = Number.NaN;
        const filter = normals(2, filterSize(shape));
        const y = arena.blank(outputSize(shape));
        kernels.depthwise(arena.input(x), arena.input(filter), y, ...depthwiseArguments(shape, arena));
        const expected = new Float64Array(outputSize(shape));
        forEachProduct(shape, (i, f, o) => {
          expected[o]! += x[i]! * filter[f]!;
        });
        expect(Array.from(arena.read(y), Number.isNaN)).toEqual(Array.from(expected, Number.isNaN));
      }),
      { numRuns: 100 },
    );
  });
});

describe('depthwiseInputGradient', () => {
  it('is the gradient by the input', () => {
    fc.assert(
      fc.property(aDepthwise, (shape) => {
        const arena = new Arena();
        const [dy, filter] = [normals(1, outputSize(shape)), normals(2, filterSize(shape))];
        const dx = arena.blank(inputSize(shape.window));
        kernels.depthwiseInputGradient(
          ...[arena.input(dy), arena.input(filter), dx],
          ...depthwiseArguments(shape, arena),
        );
        const expected = new Float64Array(inputSize(shape.window));
        forEachProduct(shape, (i, f, o) => {
          expected[i]! += dy[o]! * filter[f]!;
        });
        expectClose(arena.read(dx), expected, 20);
        arena.expectOthersUntouched();
      }),
      { numRuns: 300 },
    );
  });
});

describe('depthwiseFilterGradient', () => {
  it('is the gradient by the filter, in place of what was there or on top of it', () => {
    fc.assert(
      fc.property(aDepthwise, fc.boolean(), (shape, accumulate) => {
        const arena = new Arena();
        const [x, dy] = [normals(1, inputSize(shape.window)), normals(2, outputSize(shape))];
        const before = normals(3, filterSize(shape));
        const gradient = arena.output(before);
        kernels.depthwiseFilterGradient(
          ...[arena.input(x), arena.input(dy), gradient, accumulate ? 1 : 0],
          ...depthwiseArguments(shape, arena),
        );
        const expected = Float64Array.from(before, (value) => (accumulate ? value : 0));
        forEachProduct(shape, (i, f, o) => {
          expected[f]! += x[i]! * dy[o]!;
        });
        expectClose(arena.read(gradient), expected, 100);
        arena.expectOthersUntouched();
      }),
      { numRuns: 300 },
    );
  });
});
