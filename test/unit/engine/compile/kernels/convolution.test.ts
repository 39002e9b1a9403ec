import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Arena, expectClose, kernels, normals } from './arena.ts';
import { aWindow, forEachTap, inputSize, outputPixels, type Window, windowArguments } from './windows.ts';

const patchSize = (w: Window) => w.kernelHeight * w.kernelWidth * w.channels;

/** For each element of the patches that isn't padding, where in the images it is from. */
function forEachPatchElement(window: Window, visit: (input: number, patch: number) => void): void {
  const { channels } = window;
  forEachTap(window, (input, output, tap) => {
    for (let c = 0; c < channels; c++) {
      visit(input * channels + c, output * patchSize(window) + tap * channels + c);
    }
  });
}

describe('im2col', () => {
  it('lays out the patches under a filter, with zeros over the edges', () => {
    fc.assert(
      fc.property(aWindow(), (window) => {
        const arena = new Arena();
        const values = normals(1, inputSize(window));
        const x = arena.input(values);
        const patches = arena.blank(outputPixels(window) * patchSize(window));
        kernels.im2col(x, patches, ...windowArguments(window));
        const expected = new Float32Array(outputPixels(window) * patchSize(window));
        forEachPatchElement(window, (input, patch) => {
          expected[patch] = values[input]!;
        });
        expect(arena.read(patches)).toEqual(expected);
        arena.expectOthersUntouched();
      }),
      { numRuns: 200 },
    );
  });
});

describe('col2im', () => {
  it('adds each element of the patches to where it is from', () => {
    fc.assert(
      fc.property(aWindow(), (window) => {
        const arena = new Arena();
        const values = normals(1, outputPixels(window) * patchSize(window));
        const before = normals(2, inputSize(window));
        const patches = arena.input(values);
        const x = arena.output(before);
        kernels.col2im(x, patches, ...windowArguments(window));
        const expected = Float64Array.from(before);
        forEachPatchElement(window, (input, patch) => {
          expected[input]! += values[patch]!;
        });
        expectClose(arena.read(x), expected, 20);
        arena.expectOthersUntouched();
      }),
      { numRuns: 200 },
    );
  });
});
