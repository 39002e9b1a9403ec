import { plus } from './lanes';
import { add, bytes, clear, copy } from './memory';

/**
 * Short runs are quickest copied a row of the filter at a time, over all patches of a row of the output. Of long
 * ones, whose patches outgrow the cache, each patch is written in one go.
 */
const LONG_RUN: i32 = 56;

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
  const step = bytes(strideX * channels);
  const first = firstInside(left, strideX, outWidth);
  const end = endInside(left, strideX, outWidth, width, kernelWidth);
  const atOnce = run < LONG_RUN ? outWidth : 1;
  for (let image = 0; image < images; image++, x += bytes(height * width * channels)) {
    for (let outY = 0; outY < outHeight; outY++, patches += patch * outWidth) {
      for (let from = 0; from < outWidth; from += atOnce) {
        const to = min(from + atOnce, outWidth);
        for (let kernelY = 0; kernelY < kernelHeight; kernelY++) {
          const y = outY * strideY - top + kernelY;
          const runs = patches + bytes(kernelY * run);
          if (y < 0 || y >= height) {
            for (let outX = from; outX < to; outX++) clear(runs + patch * outX, run);
            continue;
          }
          // Where the run of output 0 would start.
          const row = x + bytes((y * width - left) * channels);
          for (let outX = from; outX < min(to, first); outX++) {
            copyPart(
              runs + patch * outX,
              row + step * outX,
              outX * strideX - left,
              width,
              kernelWidth,
              channels,
            );
          }
          const inside = max(from, first);
          copyRuns(runs + patch * inside, patch, row + step * inside, step, min(to, end) - inside, run);
          for (let outX = max(from, end); outX < to; outX++) {
            copyPart(
              runs + patch * outX,
              row + step * outX,
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
  const step = bytes(strideX * channels);
  const first = firstInside(left, strideX, outWidth);
  const end = endInside(left, strideX, outWidth, width, kernelWidth);
  const atOnce = run < LONG_RUN ? outWidth : 1;
  for (let image = 0; image < images; image++, x += bytes(height * width * channels)) {
    for (let outY = 0; outY < outHeight; outY++, patches += patch * outWidth) {
      for (let from = 0; from < outWidth; from += atOnce) {
        const to = min(from + atOnce, outWidth);
        for (let kernelY = 0; kernelY < kernelHeight; kernelY++) {
          const y = outY * strideY - top + kernelY;
          if (y < 0 || y >= height) continue;
          const runs = patches + bytes(kernelY * run);
          const row = x + bytes((y * width - left) * channels);
          for (let outX = from; outX < min(to, first); outX++) {
            addPart(
              row + step * outX,
              runs + patch * outX,
              outX * strideX - left,
              width,
              kernelWidth,
              channels,
            );
          }
          const inside = max(from, first);
          const count = max(min(to, end) - inside, 0);
          addPatchRows(row + step * inside, step, runs + patch * inside, patch, count, kernelWidth, channels);
          for (let outX = max(from, end); outX < to; outX++) {
            addPart(
              row + step * outX,
              runs + patch * outX,
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
  for (; count > 0; count--, to += toStep, from += fromStep)
    store<T>(to, plus<T>(load<T>(to), load<T>(from)));
}

function addRuns(to: usize, toStep: usize, from: usize, fromStep: usize, runs: i32, run: i32): void {
  for (; runs > 0; runs--, to += toStep, from += fromStep) add(to, from, run);
}
