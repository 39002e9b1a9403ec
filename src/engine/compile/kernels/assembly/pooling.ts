import { either, greater, holesOf, over, plus, splat } from './lanes';
import { bytes, clear } from './memory';

/*
 * Pooling of images [images, height, width, channels] to [images, outHeight, outWidth, channels]. Windows are cut
 * off at the edges: padding is never the greatest, and doesn't count in an average.
 */

/** The greatest of each window; NaN where one is in it. */
export function maxPool(
  x: usize,
  y: usize,
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
  const quarters = isQuartering(kernelHeight, kernelWidth, strideY, strideX, top, left);
  const row = bytes(width * channels);
  const pixel = bytes(channels);
  for (let image = 0; image < images; image++, x += row * height) {
    for (let outY = 0; outY < outHeight; outY++) {
      const y0 = max(outY * strideY - top, 0);
      const y1 = min(outY * strideY - top + kernelHeight, height);
      for (let outX = 0; outX < outWidth; outX++, y += pixel) {
        const x0 = max(outX * strideX - left, 0);
        const x1 = min(outX * strideX - left + kernelWidth, width);
        const corner = x + row * y0 + pixel * x0;
        let c = 0;
        if (quarters && y1 - y0 === 2 && x1 - x0 === 2) {
          for (; c + 4 <= channels; c += 4) greatestOfFour<v128>(corner + bytes(c), y + bytes(c), row, pixel);
          for (; c < channels; c++) greatestOfFour<f32>(corner + bytes(c), y + bytes(c), row, pixel);
        } else {
          const rows = y1 - y0;
          const columns = x1 - x0;
          for (; c + 4 <= channels; c += 4) {
            greatest<v128>(corner + bytes(c), y + bytes(c), row, pixel, rows, columns);
          }
          for (; c < channels; c++) {
            greatest<f32>(corner + bytes(c), y + bytes(c), row, pixel, rows, columns);
          }
        }
      }
    }
  }
}

/** Windows of 2 × 2 that don't overlap: what almost every net has. */
function isQuartering(
  kernelHeight: i32,
  kernelWidth: i32,
  strideY: i32,
  strideX: i32,
  top: i32,
  left: i32,
): bool {
  return kernelHeight === 2 && kernelWidth === 2 && strideY === 2 && strideX === 2 && top === 0 && left === 0;
}

function greatestOfFour<T>(x: usize, y: usize, row: usize, pixel: usize): void {
  const a = load<T>(x);
  const b = load<T>(x + pixel);
  const c = load<T>(x + row);
  const d = load<T>(x + row + pixel);
  const upper = greater<T>(a, b);
  const lower = greater<T>(c, d);
  const holes = either<T>(either<T>(holesOf<T>(a), holesOf<T>(b)), either<T>(holesOf<T>(c), holesOf<T>(d)));
  store<T>(y, either<T>(greater<T>(upper, lower), holes));
}

function greatest<T>(x: usize, y: usize, row: usize, pixel: usize, rows: i32, columns: i32): void {
  let value = splat<T>(-Infinity);
  let holes = splat<T>(0);
  for (let i = 0; i < rows; i++, x += row) {
    for (let j = 0; j < columns; j++) {
      const next = load<T>(x + pixel * j);
      value = greater<T>(value, next);
      holes = either<T>(holes, holesOf<T>(next));
    }
  }
  store<T>(y, either<T>(value, holes));
}

/**
 * dx from dy: a window's gradient goes to its first element (row by row) that equals its greatest, y. A window whose
 * greatest is NaN sends none.
 */
export function maxPoolGradient(
  x: usize,
  y: usize,
  dy: usize,
  dx: usize,
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
  const quarters = isQuartering(kernelHeight, kernelWidth, strideY, strideX, top, left);
  const row = bytes(width * channels);
  const pixel = bytes(channels);
  const isCovered = quarters && outHeight * 2 === height && outWidth * 2 === width;
  if (!isCovered) clear(dx, images * height * width * channels);
  for (let image = 0; image < images; image++, x += row * height, dx += row * height) {
    for (let outY = 0; outY < outHeight; outY++) {
      const y0 = max(outY * strideY - top, 0);
      const y1 = min(outY * strideY - top + kernelHeight, height);
      for (let outX = 0; outX < outWidth; outX++, y += pixel, dy += pixel) {
        const x0 = max(outX * strideX - left, 0);
        const x1 = min(outX * strideX - left + kernelWidth, width);
        const corner = row * y0 + pixel * x0;
        const rows = y1 - y0;
        const columns = x1 - x0;
        let c = 0;
        if (quarters && rows === 2 && columns === 2) {
          for (; c + 4 <= channels; c += 4) {
            const at = bytes(c);
            toFirstOfFour(
              x + corner + at,
              v128.load(y + at),
              v128.load(dy + at),
              dx + corner + at,
              row,
              pixel,
            );
          }
        } else {
          for (; c + 4 <= channels; c += 4) {
            const at = bytes(c);
            toFirstOfEach(x + corner + at, y + at, dy + at, dx + corner + at, row, pixel, rows, columns);
          }
        }
        for (; c < channels; c++) {
          const at = bytes(c);
          if (isCovered) clearFour(dx + corner + at, row, pixel);
          toFirst(x + corner + at, y + at, dy + at, dx + corner + at, row, pixel, rows, columns);
        }
      }
    }
  }
}

function clearFour(dx: usize, row: usize, pixel: usize): void {
  store<f32>(dx, 0);
  store<f32>(dx + pixel, 0);
  store<f32>(dx + row, 0);
  store<f32>(dx + row + pixel, 0);
}

/** Each of the four is written, not added to: no other window reaches it. */
function toFirstOfFour(x: usize, y: v128, dy: v128, dx: usize, row: usize, pixel: usize): void {
  const first = f32x4.eq(v128.load(x), y);
  v128.store(dx, v128.and(first, dy));
  const second = f32x4.eq(v128.load(x + pixel), y);
  v128.store(dx + pixel, v128.and(v128.andnot(second, first), dy));
  const upper = v128.or(first, second);
  const third = f32x4.eq(v128.load(x + row), y);
  v128.store(dx + row, v128.and(v128.andnot(third, upper), dy));
  const fourth = f32x4.eq(v128.load(x + row + pixel), y);
  v128.store(dx + row + pixel, v128.and(v128.andnot(fourth, v128.or(upper, third)), dy));
}

/** Four channels at once; `found` has all bits of a lane set once its channel's gradient is placed. */
function toFirstOfEach(
  x: usize,
  y: usize,
  dy: usize,
  dx: usize,
  row: usize,
  pixel: usize,
  rows: i32,
  columns: i32,
): void {
  const value = v128.load(y);
  const gradient = v128.load(dy);
  let found = i32x4.splat(0);
  for (let i = 0; i < rows; i++, x += row, dx += row) {
    for (let j = 0; j < columns; j++) {
      const to = dx + pixel * j;
      const equal = f32x4.eq(v128.load(x + pixel * j), value);
      const first = v128.andnot(equal, found);
      v128.store(to, f32x4.add(v128.load(to), v128.and(first, gradient)));
      found = v128.or(found, equal);
    }
  }
}

function toFirst(
  x: usize,
  y: usize,
  dy: usize,
  dx: usize,
  row: usize,
  pixel: usize,
  rows: i32,
  columns: i32,
): void {
  const value = load<f32>(y);
  for (let i = 0; i < rows; i++, x += row, dx += row) {
    for (let j = 0; j < columns; j++) {
      if (load<f32>(x + pixel * j) !== value) continue;
      const to = dx + pixel * j;
      store<f32>(to, load<f32>(to) + load<f32>(dy));
      return;
    }
  }
}

/** The mean of what of each window lies inside. */
export function avgPool(
  x: usize,
  y: usize,
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
  const row = bytes(width * channels);
  const pixel = bytes(channels);
  for (let image = 0; image < images; image++, x += row * height) {
    for (let outY = 0; outY < outHeight; outY++) {
      const y0 = max(outY * strideY - top, 0);
      const rows = min(outY * strideY - top + kernelHeight, height) - y0;
      for (let outX = 0; outX < outWidth; outX++, y += pixel) {
        const x0 = max(outX * strideX - left, 0);
        const columns = min(outX * strideX - left + kernelWidth, width) - x0;
        const corner = x + row * y0 + pixel * x0;
        let c = 0;
        for (; c + 4 <= channels; c += 4) {
          mean<v128>(corner + bytes(c), y + bytes(c), row, pixel, rows, columns);
        }
        for (; c < channels; c++) mean<f32>(corner + bytes(c), y + bytes(c), row, pixel, rows, columns);
      }
    }
  }
}

function mean<T>(x: usize, y: usize, row: usize, pixel: usize, rows: i32, columns: i32): void {
  let sum = splat<T>(0);
  for (let i = 0; i < rows; i++, x += row) {
    for (let j = 0; j < columns; j++) sum = plus<T>(sum, load<T>(x + pixel * j));
  }
  store<T>(y, over<T>(sum, splat<T>(<f32>(rows * columns))));
}

/** dx from dy: each element of a window gets the same share of the window's gradient. */
export function avgPoolGradient(
  dy: usize,
  dx: usize,
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
  const row = bytes(width * channels);
  const pixel = bytes(channels);
  clear(dx, images * height * width * channels);
  for (let image = 0; image < images; image++, dx += row * height) {
    for (let outY = 0; outY < outHeight; outY++) {
      const y0 = max(outY * strideY - top, 0);
      const rows = min(outY * strideY - top + kernelHeight, height) - y0;
      for (let outX = 0; outX < outWidth; outX++, dy += pixel) {
        const x0 = max(outX * strideX - left, 0);
        const columns = min(outX * strideX - left + kernelWidth, width) - x0;
        const corner = dx + row * y0 + pixel * x0;
        let c = 0;
        for (; c + 4 <= channels; c += 4) {
          share<v128>(dy + bytes(c), corner + bytes(c), row, pixel, rows, columns);
        }
        for (; c < channels; c++) share<f32>(dy + bytes(c), corner + bytes(c), row, pixel, rows, columns);
      }
    }
  }
}

function share<T>(dy: usize, dx: usize, row: usize, pixel: usize, rows: i32, columns: i32): void {
  const part = over<T>(load<T>(dy), splat<T>(<f32>(rows * columns)));
  for (let i = 0; i < rows; i++, dx += row) {
    for (let j = 0; j < columns; j++) {
      const to = dx + pixel * j;
      store<T>(to, plus<T>(load<T>(to), part));
    }
  }
}
