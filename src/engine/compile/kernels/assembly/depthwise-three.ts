import { plus, plusProduct, splat, times } from './lanes';
import { bytes, clear, copy } from './memory';

/*
 * Depthwise convolution by filters of 3 × 3, over padded rows. The scratch holds a row of zeros and three rows of an
 * image, each as wide as the filter reaches, with zeros where that is over the edge; row r of the image lies in
 * place r mod 3.
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
export function correlateThree(
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
export function spreadThree(
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
export function gatherThree(
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
