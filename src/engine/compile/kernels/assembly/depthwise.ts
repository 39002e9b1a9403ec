import { plus, plusProduct, splat, times } from './lanes';
import { bytes, clear, copy } from './memory';

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

/*
 * Padded rows. The scratch holds a row of zeros and three rows of an image, each as wide as the filter reaches,
 * with zeros where that is over the edge; row r of the image lies in place r mod 3.
 */

/** Where row `r` lies: that of zeros if it is outside of the image. */
function placeOf(r: i32, height: i32, scratch: usize, rowBytes: usize): usize {
  return r < 0 || r >= height ? scratch : scratch + rowBytes * (1 + (r % 3));
}

/** A row of an image with `left` pixels of zeros before it, to `padded` pixels in all. */
function padRow(to: usize, from: usize, width: i32, left: i32, padded: i32, channels: i32): void {
  const before = min(left, padded);
  const inside = min(width, padded - before);
  clear(to, before * channels);
  copy(to + bytes(before * channels), from, inside * channels);
  clear(to + bytes((before + inside) * channels), (padded - before - inside) * channels);
}

/** Pads the rows from `first` to before `end` that lie in the image. */
function padRows(
  x: usize,
  first: i32,
  end: i32,
  height: i32,
  width: i32,
  left: i32,
  padded: i32,
  channels: i32,
  scratch: usize,
): void {
  const last = min(end, height);
  for (let r = max(first, 0); r < last; r++) {
    const to = placeOf(r, height, scratch, bytes(padded * channels));
    padRow(to, x + bytes(r * width * channels), width, left, padded, channels);
  }
}

/** y[o] = Σ x[o·stride + k]·filter[k] for 3 × 3 k, whose taps lie `tap` apart. */
function correlateThree(
  x: usize,
  filter: usize,
  tap: usize,
  y: usize,
  images: i32,
  height: i32,
  width: i32,
  channels: i32,
  strideY: i32,
  strideX: i32,
  top: i32,
  left: i32,
  outHeight: i32,
  outWidth: i32,
  scratch: usize,
): void {
  const padded = (outWidth - 1) * strideX + 3;
  const rowBytes = bytes(padded * channels);
  const step = bytes(strideX * channels);
  const pixel = bytes(channels);
  const whole = bytes(channels & ~3);
  clear(scratch, padded * channels);
  for (let image = 0; image < images; image++, x += bytes(height * width * channels)) {
    let ready = 0;
    for (let outY = 0; outY < outHeight; outY++, y += bytes(outWidth * channels)) {
      const r = outY * strideY - top;
      padRows(x, max(ready, r), r + 3, height, width, left, padded, channels, scratch);
      ready = max(ready, r + 3);
      const row0 = placeOf(r, height, scratch, rowBytes);
      const row1 = placeOf(r + 1, height, scratch, rowBytes);
      const row2 = placeOf(r + 2, height, scratch, rowBytes);
      let c: usize = 0;
      for (; c < whole; c += 16) {
        const at = filter + c;
        if (strideX === 1) {
          correlateRowClosely<v128>(row0 + c, row1 + c, row2 + c, at, tap, y + c, outWidth, pixel);
        } else {
          correlateRow<v128>(row0 + c, row1 + c, row2 + c, at, tap, y + c, outWidth, step, pixel);
        }
      }
      for (; c < pixel; c += 4) {
        correlateRow<f32>(row0 + c, row1 + c, row2 + c, filter + c, tap, y + c, outWidth, step, pixel);
      }
    }
  }
}

/**
 * Stride 1: each column of x is loaded once, for the three outputs that it counts for; `next` and `nextButOne` are
 * what those to come have of it so far.
 */
function correlateRowClosely<T>(
  row0: usize,
  row1: usize,
  row2: usize,
  filter: usize,
  tap: usize,
  y: usize,
  outWidth: i32,
  pixel: usize,
): void {
  const f0 = load<T>(filter);
  const f1 = load<T>(filter + tap);
  const f2 = load<T>(filter + tap * 2);
  const f3 = load<T>(filter + tap * 3);
  const f4 = load<T>(filter + tap * 4);
  const f5 = load<T>(filter + tap * 5);
  const f6 = load<T>(filter + tap * 6);
  const f7 = load<T>(filter + tap * 7);
  const f8 = load<T>(filter + tap * 8);
  let next = threeProducts<T>(load<T>(row0), f0, load<T>(row1), f3, load<T>(row2), f6);
  row0 += pixel;
  row1 += pixel;
  row2 += pixel;
  let nextButOne = threeProducts<T>(load<T>(row0), f0, load<T>(row1), f3, load<T>(row2), f6);
  next = plus<T>(next, threeProducts<T>(load<T>(row0), f1, load<T>(row1), f4, load<T>(row2), f7));
  const end = y + pixel * outWidth;
  for (; y < end; y += pixel) {
    row0 += pixel;
    row1 += pixel;
    row2 += pixel;
    const x0 = load<T>(row0);
    const x1 = load<T>(row1);
    const x2 = load<T>(row2);
    store<T>(y, plus<T>(next, threeProducts<T>(x0, f2, x1, f5, x2, f8)));
    next = plus<T>(nextButOne, threeProducts<T>(x0, f1, x1, f4, x2, f7));
    nextButOne = threeProducts<T>(x0, f0, x1, f3, x2, f6);
  }
}

/** a·b + c·d + e·f */
function threeProducts<T>(a: T, b: T, c: T, d: T, e: T, f: T): T {
  return plusProduct<T>(plusProduct<T>(times<T>(a, b), c, d), e, f);
}

function correlateRow<T>(
  row0: usize,
  row1: usize,
  row2: usize,
  filter: usize,
  tap: usize,
  y: usize,
  outWidth: i32,
  step: usize,
  pixel: usize,
): void {
  const f0 = load<T>(filter);
  const f1 = load<T>(filter + tap);
  const f2 = load<T>(filter + tap * 2);
  const f3 = load<T>(filter + tap * 3);
  const f4 = load<T>(filter + tap * 4);
  const f5 = load<T>(filter + tap * 5);
  const f6 = load<T>(filter + tap * 6);
  const f7 = load<T>(filter + tap * 7);
  const f8 = load<T>(filter + tap * 8);
  const end = y + pixel * outWidth;
  for (; y < end; y += pixel, row0 += step, row1 += step, row2 += step) {
    let sum0 = times<T>(load<T>(row0), f0);
    let sum1 = times<T>(load<T>(row1), f3);
    let sum2 = times<T>(load<T>(row2), f6);
    sum0 = plusProduct<T>(sum0, load<T>(row0 + pixel), f1);
    sum1 = plusProduct<T>(sum1, load<T>(row1 + pixel), f4);
    sum2 = plusProduct<T>(sum2, load<T>(row2 + pixel), f7);
    sum0 = plusProduct<T>(sum0, load<T>(row0 + pixel * 2), f2);
    sum1 = plusProduct<T>(sum1, load<T>(row1 + pixel * 2), f5);
    sum2 = plusProduct<T>(sum2, load<T>(row2 + pixel * 2), f8);
    store<T>(y, plus<T>(plus<T>(sum0, sum1), sum2));
  }
}

/**
 * The input's gradient under stride 2: an element of dx was under the taps of one parity only, two or one in each
 * direction.
 */
function spreadThree(
  dy: usize,
  filter: usize,
  dx: usize,
  images: i32,
  height: i32,
  width: i32,
  channels: i32,
  top: i32,
  left: i32,
  outHeight: i32,
  outWidth: i32,
  scratch: usize,
): void {
  // One pixel of zeros on the left: output −1, which the first element of dx may ask for.
  const padded = (width - 1 + left) / 2 + 2;
  const rowBytes = bytes(padded * channels);
  const pixel = bytes(channels);
  const whole = bytes(channels & ~3);
  clear(scratch, padded * channels);
  for (let image = 0; image < images; image++, dy += bytes(outHeight * outWidth * channels)) {
    let ready = 0;
    for (let y = 0; y < height; y++, dx += bytes(width * channels)) {
      const r = (y + top) >> 1;
      padRows(dy, max(ready, r - 1), r + 1, outHeight, outWidth, 1, padded, channels, scratch);
      ready = max(ready, r + 1);
      const lower = placeOf(r, outHeight, scratch, rowBytes);
      const upper = placeOf(r - 1, outHeight, scratch, rowBytes);
      const isOdd = (y + top) & 1;
      let c: usize = 0;
      for (; c < whole; c += 16) {
        if (isOdd) spreadOneRow<v128>(lower + c, filter + pixel * 3 + c, dx + c, width, left, pixel);
        else spreadTwoRows<v128>(lower + c, upper + c, filter + c, dx + c, width, left, pixel);
      }
      for (; c < pixel; c += 4) {
        if (isOdd) spreadOneRow<f32>(lower + c, filter + pixel * 3 + c, dx + c, width, left, pixel);
        else spreadTwoRows<f32>(lower + c, upper + c, filter + c, dx + c, width, left, pixel);
      }
    }
  }
}

function spreadOneRow<T>(row: usize, filter: usize, dx: usize, width: i32, left: i32, pixel: usize): void {
  const f0 = load<T>(filter);
  const f1 = load<T>(filter + pixel);
  const f2 = load<T>(filter + pixel * 2);
  const end = dx + pixel * width;
  row += pixel * (left >> 1);
  for (let odd = left & 1; dx < end; dx += pixel, odd ^= 1) {
    const here = load<T>(row + pixel);
    if (odd) {
      store<T>(dx, times<T>(here, f1));
      row += pixel;
    } else {
      store<T>(dx, plusProduct<T>(times<T>(here, f0), load<T>(row), f2));
    }
  }
}

function spreadTwoRows<T>(
  lower: usize,
  upper: usize,
  filter: usize,
  dx: usize,
  width: i32,
  left: i32,
  pixel: usize,
): void {
  const f0 = load<T>(filter);
  const f1 = load<T>(filter + pixel);
  const f2 = load<T>(filter + pixel * 2);
  const f6 = load<T>(filter + pixel * 6);
  const f7 = load<T>(filter + pixel * 7);
  const f8 = load<T>(filter + pixel * 8);
  const end = dx + pixel * width;
  lower += pixel * (left >> 1);
  upper += pixel * (left >> 1);
  for (let odd = left & 1; dx < end; dx += pixel, odd ^= 1) {
    const below = load<T>(lower + pixel);
    const above = load<T>(upper + pixel);
    if (odd) {
      store<T>(dx, plusProduct<T>(times<T>(below, f1), above, f7));
      lower += pixel;
      upper += pixel;
    } else {
      const first = plusProduct<T>(times<T>(below, f0), load<T>(lower), f2);
      const second = plusProduct<T>(times<T>(above, f6), load<T>(upper), f8);
      store<T>(dx, plus<T>(first, second));
    }
  }
}

/** gradient[k] += Σ x[o·stride + k]·dy[o] for 3 × 3 k. */
function gatherThree(
  x: usize,
  dy: usize,
  gradient: usize,
  images: i32,
  height: i32,
  width: i32,
  channels: i32,
  strideY: i32,
  strideX: i32,
  top: i32,
  left: i32,
  outHeight: i32,
  outWidth: i32,
  scratch: usize,
): void {
  const padded = (outWidth - 1) * strideX + 3;
  const rowBytes = bytes(padded * channels);
  const step = bytes(strideX * channels);
  const pixel = bytes(channels);
  clear(scratch, padded * channels);
  for (let image = 0; image < images; image++, x += bytes(height * width * channels)) {
    let ready = 0;
    for (let outY = 0; outY < outHeight; outY++, dy += bytes(outWidth * channels)) {
      const r = outY * strideY - top;
      padRows(x, max(ready, r), r + 3, height, width, left, padded, channels, scratch);
      ready = max(ready, r + 3);
      for (let k = 0; k < 3; k++) {
        const row = placeOf(r + k, height, scratch, rowBytes);
        // A row of zeros would add nothing.
        if (row === scratch) continue;
        const to = gradient + pixel * 3 * k;
        let c: usize = 0;
        for (; c + 32 <= pixel; c += 32) gatherRowOfEight(row + c, dy + c, to + c, outWidth, step, pixel);
        for (; c + 16 <= pixel; c += 16) gatherRow<v128>(row + c, dy + c, to + c, outWidth, step, pixel);
        for (; c < pixel; c += 4) gatherRow<f32>(row + c, dy + c, to + c, outWidth, step, pixel);
      }
    }
  }
}

/** One row of the filter, eight channels: two blocks of them hide how long an addition takes. */
function gatherRowOfEight(
  row: usize,
  dy: usize,
  gradient: usize,
  outWidth: i32,
  step: usize,
  pixel: usize,
): void {
  let g0 = f32x4.splat(0);
  let g1 = g0;
  let g2 = g0;
  let h0 = g0;
  let h1 = g0;
  let h2 = g0;
  const end = dy + pixel * outWidth;
  for (; dy < end; dy += pixel, row += step) {
    const second = row + pixel;
    const third = second + pixel;
    const low = v128.load(dy);
    g0 = f32x4.add(g0, f32x4.mul(v128.load(row), low));
    g1 = f32x4.add(g1, f32x4.mul(v128.load(second), low));
    g2 = f32x4.add(g2, f32x4.mul(v128.load(third), low));
    const high = v128.load(dy, 16);
    h0 = f32x4.add(h0, f32x4.mul(v128.load(row, 16), high));
    h1 = f32x4.add(h1, f32x4.mul(v128.load(second, 16), high));
    h2 = f32x4.add(h2, f32x4.mul(v128.load(third, 16), high));
  }
  addTo<v128>(gradient, g0);
  addTo<v128>(gradient + 16, h0);
  addTo<v128>(gradient + pixel, g1);
  addTo<v128>(gradient + pixel + 16, h1);
  addTo<v128>(gradient + pixel * 2, g2);
  addTo<v128>(gradient + pixel * 2 + 16, h2);
}

function gatherRow<T>(
  row: usize,
  dy: usize,
  gradient: usize,
  outWidth: i32,
  step: usize,
  pixel: usize,
): void {
  let g0 = splat<T>(0);
  let g1 = g0;
  let g2 = g0;
  const end = dy + pixel * outWidth;
  for (; dy < end; dy += pixel, row += step) {
    const by = load<T>(dy);
    g0 = plusProduct<T>(g0, load<T>(row), by);
    g1 = plusProduct<T>(g1, load<T>(row + pixel), by);
    g2 = plusProduct<T>(g2, load<T>(row + pixel * 2), by);
  }
  addTo<T>(gradient, g0);
  addTo<T>(gradient + pixel, g1);
  addTo<T>(gradient + pixel * 2, g2);
}

function addTo<T>(to: usize, value: T): void {
  store<T>(to, plus<T>(load<T>(to), value));
}
