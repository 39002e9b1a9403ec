import type { Operation, Window } from '../ir/program.ts';
import { depthwiseScratchBytes } from '../kernels/kernels.ts';

const BYTES = 4;
/** Patches of so many bytes are laid out at once: they stay in the cache until they are multiplied. */
const PATCH_BYTES = 256 * 1024;

/** How much room an operation needs while it runs. */
export function scratchBytes(operation: Operation): number {
  if (operation.kind !== 'kernel' || !operation.window) return 0;
  const { window } = operation;
  if (operation.name.startsWith('conv2d')) return patchBytes(window);
  if (!operation.name.startsWith('depthwise')) return 0;
  return depthwiseScratchBytes(window.channels, window.width, window.outWidth, window.strideX);
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
