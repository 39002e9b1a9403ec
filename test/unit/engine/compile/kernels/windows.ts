import fc from 'fast-check';
import type { WindowArguments } from '../../../../../src/engine/compile/kernels/kernels.ts';

/** A window that moves over images, and how far it is padded on the other sides. */
export interface Window {
  readonly images: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideY: number;
  readonly strideX: number;
  readonly top: number;
  readonly left: number;
  readonly outHeight: number;
  readonly outWidth: number;
}

const upTo = (most: number, least = 1) => fc.integer({ min: least, max: most });

interface Axis {
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly before: number;
  readonly out: number;
}

/** A size, a kernel that fits, and padding of less than the kernel, so that no window is all padding. */
const anAxis = (kernels: fc.Arbitrary<number>, strides: fc.Arbitrary<number>): fc.Arbitrary<Axis> =>
  fc
    .record({ size: upTo(9), kernel: kernels, stride: strides, before: upTo(4, 0), after: upTo(4, 0) })
    .map((axis) => ({
      ...axis,
      before: Math.min(axis.before, axis.kernel - 1),
      after: Math.min(axis.after, axis.kernel - 1),
    }))
    .filter(({ size, kernel, before, after }) => size + before + after >= kernel)
    .map(({ size, kernel, stride, before, after }) => ({
      ...{ size, kernel, stride, before },
      out: Math.floor((size + before + after - kernel) / stride) + 1,
    }));

export const aWindow = (kernels = upTo(4), strides = upTo(3)): fc.Arbitrary<Window> =>
  fc
    .record({
      images: upTo(3),
      channels: fc.oneof(upTo(11), fc.constantFrom(16, 33)),
      y: anAxis(kernels, strides),
      x: anAxis(kernels, strides),
    })
    .map(({ images, channels, y, x }) => ({
      ...{ images, height: y.size, width: x.size, channels },
      ...{ kernelHeight: y.kernel, kernelWidth: x.kernel, strideY: y.stride, strideX: x.stride },
      ...{ top: y.before, left: x.before, outHeight: y.out, outWidth: x.out },
    }));

/** Windows of one size and one stride: the kernels that are written for these. */
export const aWindowOf = (kernel: number, stride: number): fc.Arbitrary<Window> =>
  aWindow(fc.constant(kernel), fc.constant(stride));

export function windowArguments(window: Window): WindowArguments {
  const { images, height, width, channels, kernelHeight, kernelWidth } = window;
  const { strideY, strideX, top, left, outHeight, outWidth } = window;
  return [
    ...[images, height, width, channels, kernelHeight, kernelWidth],
    ...[strideY, strideX, top, left, outHeight, outWidth],
  ] as unknown as WindowArguments;
}

export const inputSize = (w: Window): number => w.images * w.height * w.width * w.channels;
export const outputPixels = (w: Window): number => w.images * w.outHeight * w.outWidth;

/** Calls back for each window's elements inside of the image: the pixels' positions and the position in the window. */
export function forEachTap(window: Window, tap: (input: number, output: number, tap: number) => void): void {
  const { images, height, width, kernelHeight, kernelWidth, strideY, strideX, top, left } = window;
  const { outHeight, outWidth } = window;
  for (let image = 0; image < images; image++) {
    for (let outY = 0; outY < outHeight; outY++) {
      for (let outX = 0; outX < outWidth; outX++) {
        for (let ky = 0; ky < kernelHeight; ky++) {
          for (let kx = 0; kx < kernelWidth; kx++) {
            const y = outY * strideY - top + ky;
            const x = outX * strideX - left + kx;
            if (y < 0 || y >= height || x < 0 || x >= width) continue;
            const input = (image * height + y) * width + x;
            const output = (image * outHeight + outY) * outWidth + outX;
            tap(input, output, ky * kernelWidth + kx);
          }
        }
      }
    }
  }
}
