import { plus } from './lanes';
import { add, bytes, clear, copy } from './memory';

/**
 * The patches under a filter, as rows: [images·outHeight·outWidth, kernelHeight·kernelWidth·channels]; zero where
 * the filter reaches over the edge. A convolution is their product with the filter.
 */
export function im2col(
  x: usize,
  patches: usize,
  images: i32,
  height: i32,
  width: i32,
  channels: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  strideY: i32,
  strideX: i32,
  top: i32,
  left: i32,
  outHeight: i32,
  outWidth: i32,
): void {
  const run = kernelWidth * channels;
  const patch = bytes(kernelHeight * run);
  const first = firstInside(left, strideX, outWidth);
  const end = endInside(left, strideX, outWidth, width, kernelWidth);
  for (let image = 0; image < images; image++, x += bytes(height * width * channels)) {
    for (let outY = 0; outY < outHeight; outY++, patches += patch * outWidth) {
      for (let kernelY = 0; kernelY < kernelHeight; kernelY++) {
        const y = outY * strideY - top + kernelY;
        const to = patches + bytes(kernelY * run);
        if (y < 0 || y >= height) {
          for (let outX = 0; outX < outWidth; outX++) clear(to + patch * outX, run);
          continue;
        }
        // Elements, from the row's first, at which the run of output 0 would start.
        const row = x + bytes((y * width - left) * channels);
        const step = bytes(strideX * channels);
        for (let outX = 0; outX < first; outX++) {
          copyPart(to + patch * outX, row + step * outX, outX * strideX - left, width, kernelWidth, channels);
        }
        copyRuns(to + patch * first, patch, row + step * first, step, end - first, run);
        for (let outX = end; outX < outWidth; outX++) {
          copyPart(to + patch * outX, row + step * outX, outX * strideX - left, width, kernelWidth, channels);
        }
      }
    }
  }
}

/** The first output whose window starts inside of the row. */
function firstInside(left: i32, strideX: i32, outWidth: i32): i32 {
  return min((left + strideX - 1) / strideX, outWidth);
}

/** The first output from there on whose window ends outside. */
function endInside(left: i32, strideX: i32, outWidth: i32, width: i32, kernelWidth: i32): i32 {
  const first = firstInside(left, strideX, outWidth);
  const room = width - kernelWidth + left;
  return room < 0 ? first : max(min(room / strideX + 1, outWidth), first);
}

/** A run that starts at the pixel x0, of which only a part is in the row. */
function copyPart(to: usize, from: usize, x0: i32, width: i32, kernelWidth: i32, channels: i32): void {
  const before = min(max(-x0, 0), kernelWidth) * channels;
  const inside = max(min(width - x0, kernelWidth) * channels - before, 0);
  clear(to, kernelWidth * channels);
  copy(to + bytes(before), from + bytes(before), inside);
}

function copyRuns(to: usize, toStep: usize, from: usize, fromStep: usize, runs: i32, run: i32): void {
  const fours = bytes(run & ~3);
  for (; runs > 0; runs--, to += toStep, from += fromStep) {
    let at: usize = 0;
    for (; at < fours; at += 16) v128.store(to + at, v128.load(from + at));
    if (run & 2) {
      store<u64>(to + at, load<u64>(from + at));
      at += 8;
    }
    if (run & 1) store<u32>(to + at, load<u32>(from + at));
  }
}

/** Adds patches to where `im2col` took them from: the gradient of `im2col`. */
export function col2im(
  x: usize,
  patches: usize,
  images: i32,
  height: i32,
  width: i32,
  channels: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  strideY: i32,
  strideX: i32,
  top: i32,
  left: i32,
  outHeight: i32,
  outWidth: i32,
): void {
  const run = kernelWidth * channels;
  const patch = bytes(kernelHeight * run);
  const first = firstInside(left, strideX, outWidth);
  const end = endInside(left, strideX, outWidth, width, kernelWidth);
  for (let image = 0; image < images; image++, x += bytes(height * width * channels)) {
    for (let outY = 0; outY < outHeight; outY++, patches += patch * outWidth) {
      for (let kernelY = 0; kernelY < kernelHeight; kernelY++) {
        const y = outY * strideY - top + kernelY;
        if (y < 0 || y >= height) continue;
        const from = patches + bytes(kernelY * run);
        const row = x + bytes((y * width - left) * channels);
        const step = bytes(strideX * channels);
        for (let outX = 0; outX < first; outX++) {
          addPart(
            row + step * outX,
            from + patch * outX,
            outX * strideX - left,
            width,
            kernelWidth,
            channels,
          );
        }
        addPatchRows(
          row + step * first,
          step,
          from + patch * first,
          patch,
          end - first,
          kernelWidth,
          channels,
        );
        for (let outX = end; outX < outWidth; outX++) {
          addPart(
            row + step * outX,
            from + patch * outX,
            outX * strideX - left,
            width,
            kernelWidth,
            channels,
          );
        }
      }
    }
  }
}

function addPart(to: usize, from: usize, x0: i32, width: i32, kernelWidth: i32, channels: i32): void {
  const before = min(max(-x0, 0), kernelWidth) * channels;
  const inside = max(min(width - x0, kernelWidth) * channels - before, 0);
  add(to + bytes(before), from + bytes(before), inside);
}

function addPatchRows(
  to: usize,
  toStep: usize,
  from: usize,
  fromStep: usize,
  count: i32,
  kernelWidth: i32,
  channels: i32,
): void {
  if ((channels & 3) === 0) {
    addRuns(to, toStep, from, fromStep, count, kernelWidth * channels);
    return;
  }
  // Neighbours overlap: a vector that is loaded across two that were just stored would have to wait for both.
  const pixel = bytes(channels);
  const fours = bytes(channels & ~3);
  for (let kernelX = 0; kernelX < kernelWidth; kernelX++, to += pixel, from += pixel) {
    let c: usize = 0;
    for (; c < fours; c += 16) addColumn<v128>(to + c, toStep, from + c, fromStep, count);
    for (; c < pixel; c += 4) addColumn<f32>(to + c, toStep, from + c, fromStep, count);
  }
}

function addColumn<T>(to: usize, toStep: usize, from: usize, fromStep: usize, count: i32): void {
  const end = to + toStep * count;
  for (; to < end; to += toStep, from += fromStep) store<T>(to, plus<T>(load<T>(to), load<T>(from)));
}

function addRuns(to: usize, toStep: usize, from: usize, fromStep: usize, runs: i32, run: i32): void {
  for (; runs > 0; runs--, to += toStep, from += fromStep) add(to, from, run);
}
