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
  for (let image = 0; image < images; image++, x += bytes(height * width * channels)) {
    for (let outY = 0; outY < outHeight; outY++) {
      const y0 = outY * strideY - top;
      for (let outX = 0; outX < outWidth; outX++) {
        const x0 = outX * strideX - left;
        const before = min(max(-x0, 0), kernelWidth) * channels;
        const inside = max(min(width - x0, kernelWidth) * channels - before, 0);
        for (let kernelY = 0; kernelY < kernelHeight; kernelY++, patches += bytes(run)) {
          const y = y0 + kernelY;
          if (y < 0 || y >= height) {
            clear(patches, run);
          } else if (inside === run) {
            copy(patches, x + bytes((y * width + x0) * channels), run);
          } else {
            clear(patches, run);
            copy(patches + bytes(before), x + bytes((y * width + x0) * channels + before), inside);
          }
        }
      }
    }
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
  for (let image = 0; image < images; image++, x += bytes(height * width * channels)) {
    for (let outY = 0; outY < outHeight; outY++) {
      const y0 = outY * strideY - top;
      for (let outX = 0; outX < outWidth; outX++) {
        const x0 = outX * strideX - left;
        const before = min(max(-x0, 0), kernelWidth) * channels;
        const inside = max(min(width - x0, kernelWidth) * channels - before, 0);
        for (let kernelY = 0; kernelY < kernelHeight; kernelY++, patches += bytes(run)) {
          const y = y0 + kernelY;
          if (y < 0 || y >= height) continue;
          add(x + bytes((y * width + x0) * channels + before), patches + bytes(before), inside);
        }
      }
    }
  }
}
