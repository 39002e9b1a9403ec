import type { Operation, Window } from '../ir/program.ts';
import { depthwiseScratchBytes, gemmScratchBytes } from '../kernels/kernels.ts';

const BYTES = 4;
/** Patches of so many bytes are laid out at once: they stay in the cache until they are multiplied. */
const PATCH_BYTES = 256 * 1024;

/** How much room an operation needs while it runs. */
export function scratchBytes(operation: Operation): number {
  if (operation.kind === 'matmul') return gemmScratchBytes(operation.m, operation.n, operation.k);
  if (operation.kind !== 'kernel' || !operation.window) return 0;
  const { window } = operation;
  if (operation.name.startsWith('conv2d')) return patchBytes(window) + convolutionScratch(window);
  if (!operation.name.startsWith('depthwise')) return 0;
  return depthwiseScratchBytes(window.channels, window.width, window.outWidth, window.strideX);
}

/** The products of a convolution, forward and back, of all images that are laid out at once. */
function convolutionScratch(window: Window): number {
  const { outHeight, outWidth, outChannels } = window;
  const rows = imagesAtOnce(window) * outHeight * outWidth;
  const depth = patchSize(window);
  return Math.max(
    gemmScratchBytes(rows, outChannels, depth),
    gemmScratchBytes(rows, depth, outChannels),
    gemmScratchBytes(depth, outChannels, rows),
  );
}

/** The numbers of one patch: what one filter sees at one place. */
export function patchSize({ kernelHeight, kernelWidth, channels }: Window): number {
  return kernelHeight * kernelWidth * channels;
}

export function imagesAtOnce(window: Window): number {
  const each = window.outHeight * window.outWidth * patchSize(window) * BYTES;
  return Math.max(1, Math.min(window.images, Math.floor(PATCH_BYTES / each)));
}

/** What the patches of the images that are laid out at once take; 64 divides it. */
export function patchBytes(window: Window): number {
  const { outHeight, outWidth } = window;
  const bytes = imagesAtOnce(window) * outHeight * outWidth * patchSize(window) * BYTES;
  return Math.ceil(bytes / 64) * 64;
}
