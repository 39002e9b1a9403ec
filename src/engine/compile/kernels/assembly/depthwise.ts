import { correlateThree, gatherThree, spreadThree } from './depthwise-three';
import { plus, plusProduct, splat } from './lanes';
import { bytes, clear } from './memory';

/*
 * Depthwise convolution: images [images, height, width, channels], a filter [kernelHeight, kernelWidth, channels,
 * multiplier], and outputs [images, outHeight, outWidth, channels·multiplier]. Filters of 3 × 3 with multiplier 1,
 * nearly all there are, run over padded copies of the rows under the filter, so that their loops know no edges.
 */

/**
 * y from x.
 * @param scratch as many bytes as `depthwiseScratchBytes` says
 */
export function depthwise(
  x: usize,
  filter: usize,
  y: usize,
  multiplier: i32,
  scratch: usize,
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
  if (multiplier === 1 && kernelHeight === 3 && kernelWidth === 3) {
    correlateThree(
      x,
      filter,
      bytes(channels),
      y,
      images,
      height,
      width,
      channels,
      strideY,
      strideX,
      top,
      left,
      outHeight,
      outWidth,
      scratch,
    );
    return;
  }
  const outputs = channels * multiplier;
  for (let image = 0; image < images; image++, x += bytes(height * width * channels)) {
    for (let outY = 0; outY < outHeight; outY++) {
      const y0 = outY * strideY - top;
      const ky0 = max(-y0, 0);
      const ky1 = min(height - y0, kernelHeight);
      for (let outX = 0; outX < outWidth; outX++, y += bytes(outputs)) {
        const x0 = outX * strideX - left;
        const kx0 = max(-x0, 0);
        const kx1 = min(width - x0, kernelWidth);
        clear(y, outputs);
        for (let ky = ky0; ky < ky1; ky++) {
          for (let kx = kx0; kx < kx1; kx++) {
            const from = x + bytes(((y0 + ky) * width + x0 + kx) * channels);
            const taps = filter + bytes((ky * kernelWidth + kx) * outputs);
            if (multiplier === 1) addProducts(y, from, taps, channels);
            else addMultipliedProducts(y, from, taps, channels, multiplier);
          }
        }
      }
    }
  }
}

/** to += a·b */
function addProducts(to: usize, a: usize, b: usize, count: i32): void {
  let i: usize = 0;
  for (const whole = bytes(count & ~3); i < whole; i += 16) addProduct<v128>(to + i, a + i, b + i);
  for (const all = bytes(count); i < all; i += 4) addProduct<f32>(to + i, a + i, b + i);
}

function addProduct<T>(to: usize, a: usize, b: usize): void {
  store<T>(to, plusProduct<T>(load<T>(to), load<T>(a), load<T>(b)));
}

/** to[c, q] += x[c]·taps[c, q] */
function addMultipliedProducts(to: usize, x: usize, taps: usize, channels: i32, multiplier: i32): void {
  for (let c = 0; c < channels; c++, x += 4) {
    const value = load<f32>(x);
    for (let q = 0; q < multiplier; q++, to += 4, taps += 4) {
      store<f32>(to, load<f32>(to) + value * load<f32>(taps));
    }
  }
}

/** dx from dy. */
export function depthwiseInputGradient(
  dy: usize,
  filter: usize,
  dx: usize,
  multiplier: i32,
  scratch: usize,
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
  if (multiplier === 1 && kernelHeight === 3 && kernelWidth === 3 && top < 3 && left < 3) {
    if (strideY === 1 && strideX === 1) {
      // The same correlation with the filter turned round.
      const last = filter + bytes(channels * 8);
      correlateThree(
        dy,
        last,
        0 - bytes(channels),
        dx,
        images,
        outHeight,
        outWidth,
        channels,
        1,
        1,
        2 - top,
        2 - left,
        height,
        width,
        scratch,
      );
      return;
    }
    if (strideY === 2 && strideX === 2) {
      spreadThree(dy, filter, dx, images, height, width, channels, top, left, outHeight, outWidth, scratch);
      return;
    }
  }
  const outputs = channels * multiplier;
  clear(dx, images * height * width * channels);
  for (let image = 0; image < images; image++, dx += bytes(height * width * channels)) {
    for (let outY = 0; outY < outHeight; outY++) {
      const y0 = outY * strideY - top;
      const ky0 = max(-y0, 0);
      const ky1 = min(height - y0, kernelHeight);
      for (let outX = 0; outX < outWidth; outX++, dy += bytes(outputs)) {
        const x0 = outX * strideX - left;
        const kx0 = max(-x0, 0);
        const kx1 = min(width - x0, kernelWidth);
        for (let ky = ky0; ky < ky1; ky++) {
          for (let kx = kx0; kx < kx1; kx++) {
            const to = dx + bytes(((y0 + ky) * width + x0 + kx) * channels);
            const taps = filter + bytes((ky * kernelWidth + kx) * outputs);
            if (multiplier === 1) addProducts(to, dy, taps, channels);
            else addSummedProducts(to, dy, taps, channels, multiplier);
          }
        }
      }
    }
  }
}

/** to[c] += Σ_q dy[c, q]·taps[c, q] */
function addSummedProducts(to: usize, dy: usize, taps: usize, channels: i32, multiplier: i32): void {
  for (let c = 0; c < channels; c++, to += 4) {
    let sum: f32 = 0;
    for (let q = 0; q < multiplier; q++, dy += 4, taps += 4) sum += load<f32>(dy) * load<f32>(taps);
    store<f32>(to, load<f32>(to) + sum);
  }
}

/** The filter's gradient = Σ x·dy, or with `accumulate` += it. Each row of each image is summed by itself first. */
export function depthwiseFilterGradient(
  x: usize,
  dy: usize,
  gradient: usize,
  accumulate: i32,
  multiplier: i32,
  scratch: usize,
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
  const outputs = channels * multiplier;
  if (!accumulate) clear(gradient, kernelHeight * kernelWidth * outputs);
  if (multiplier === 1 && kernelHeight === 3 && kernelWidth === 3) {
    gatherThree(
      x,
      dy,
      gradient,
      images,
      height,
      width,
      channels,
      strideY,
      strideX,
      top,
      left,
      outHeight,
      outWidth,
      scratch,
    );
    return;
  }
  for (let image = 0; image < images; image++, x += bytes(height * width * channels)) {
    for (let outY = 0; outY < outHeight; outY++, dy += bytes(outWidth * outputs)) {
      for (let ky = 0; ky < kernelHeight; ky++) {
        const inY = outY * strideY - top + ky;
        if (inY < 0 || inY >= height) continue;
        for (let kx = 0; kx < kernelWidth; kx++) {
          const shift = kx - left;
          const first = shift >= 0 ? 0 : (strideX - 1 - shift) / strideX;
          const end = shift >= width ? 0 : min((width - 1 - shift) / strideX + 1, outWidth);
          if (first >= end) continue;
          const from = x + bytes((inY * width + first * strideX + shift) * channels);
          const by = dy + bytes(first * outputs);
          const to = gradient + bytes((ky * kernelWidth + kx) * outputs);
          addRowOfProducts(to, from, by, end - first, bytes(strideX * channels), channels, multiplier);
        }
      }
    }
  }
}

/** gradient[c, q] += Σ over pixels of x[c]·dy[c, q] */
function addRowOfProducts(
  gradient: usize,
  x: usize,
  dy: usize,
  pixels: i32,
  step: usize,
  channels: i32,
  multiplier: i32,
): void {
  const outputs = channels * multiplier;
  if (multiplier === 1) {
    let i: usize = 0;
    for (const whole = bytes(channels & ~3); i < whole; i += 16) {
      addDot<v128>(gradient + i, x + i, dy + i, pixels, step, bytes(outputs));
    }
    for (const all = bytes(channels); i < all; i += 4) {
      addDot<f32>(gradient + i, x + i, dy + i, pixels, step, bytes(outputs));
    }
    return;
  }
  for (let o = 0; o < outputs; o++) {
    addDot<f32>(gradient + bytes(o), x + bytes(o / multiplier), dy + bytes(o), pixels, step, bytes(outputs));
  }
}

function addDot<T>(to: usize, x: usize, dy: usize, pixels: i32, step: usize, dyStep: usize): void {
  let sum = splat<T>(0);
  for (let i = 0; i < pixels; i++, x += step, dy += dyStep)
    sum = plusProduct<T>(sum, load<T>(x), load<T>(dy));
  store<T>(to, plus<T>(load<T>(to), sum));
}
