import { KERNELS_BASE64 } from './generated/module.ts';

/**
 * The kernels of compiled programs, over one shared `WebAssembly.Memory`. All arrays are float32 and row-major;
 * images are [images, height, width, channels]. Pointers are byte addresses that 4 divides (best 64), all other
 * numbers count elements. Those over images take the address of the first image and how many there are, so that
 * images can be shared out; nothing is written outside of a kernel's output and its scratch.
 */
export interface Kernels {
  /**
   * C [m, n] = A·B, or C += A·B with `accumulate` 1. Strides are in elements, so a transposed operand is one with its
   * strides swapped. A row of C comes out the same, bit for bit, however many rows there are.
   * @param scratch `gemmScratchBytes(m, n, k)` bytes
   */
  gemm(
    m: number,
    n: number,
    k: number,
    a: number,
    aRow: number,
    aCol: number,
    b: number,
    bRow: number,
    bCol: number,
    c: number,
    cRow: number,
    accumulate: number,
    scratch: number,
  ): void;

  /** patches [images·outHeight·outWidth, kernelHeight·kernelWidth·channels] from x, zero over the edges. */
  im2col(x: number, patches: number, ...window: WindowArguments): void;
  /** x += patches, each element to where `im2col` took it from. */
  col2im(x: number, patches: number, ...window: WindowArguments): void;

  /** y from x and a filter [kernelHeight, kernelWidth, channels, multiplier]. */
  depthwise(x: number, filter: number, y: number, ...depthwise: DepthwiseArguments): void;
  /** dx from dy. */
  depthwiseInputGradient(dy: number, filter: number, dx: number, ...depthwise: DepthwiseArguments): void;
  /** The filter's gradient from x and dy, added to what is there with `accumulate` 1. */
  depthwiseFilterGradient(
    x: number,
    dy: number,
    gradient: number,
    accumulate: number,
    ...depthwise: DepthwiseArguments
  ): void;

  /** y: the greatest of each window, NaN where one is in it. */
  maxPool(x: number, y: number, ...window: WindowArguments): void;
  /** dx from dy: to the first element (row by row) of each window of x that equals y, none where y is NaN. */
  maxPoolGradient(x: number, y: number, dy: number, dx: number, ...window: WindowArguments): void;
  /** y: the mean of what of each window lies inside of the image. */
  avgPool(x: number, y: number, ...window: WindowArguments): void;
  /** dx from dy. */
  avgPoolGradient(dy: number, dx: number, ...window: WindowArguments): void;

  /** x [batch, rows, columns] → y [batch, columns, rows] */
  transpose(x: number, y: number, batch: number, rows: number, columns: number): void;

  /**
   * out [count, width]: the rows of a table [rows, width] with these ids, whole numbers as float32.
   * @returns the position of the first id outside of the table, at which it stopped; −1 when there is none
   */
  gatherRows(table: number, rows: number, ids: number, out: number, count: number, width: number): number;
  /** out [segments, width]: the sums of the rows of x [count, width] by id; ids outside are left out. */
  segmentSum(x: number, ids: number, out: number, count: number, width: number, segments: number): void;

  /** The elements `start` to before `end` of the stream's deviates, as `normal` of src/random.ts. */
  fillNormal(out: number, start: number, end: number, key0: number, key1: number): void;
}

/** A window that moves over images; `top` and `left` are the padding before the first row and column. */
export type WindowArguments = [
  images: number,
  height: number,
  width: number,
  channels: number,
  kernelHeight: number,
  kernelWidth: number,
  strideY: number,
  strideX: number,
  top: number,
  left: number,
  outHeight: number,
  outWidth: number,
];

/** @param scratch `depthwiseScratchBytes(…)` bytes */
export type DepthwiseArguments = [multiplier: number, scratch: number, ...window: WindowArguments];

let compiled: WebAssembly.Module | undefined;

/** @param memory shared, from whose first 64 KiB the kernels keep away; they own no byte of it */
export function instantiateKernels(memory: WebAssembly.Memory): Kernels {
  compiled ??= new WebAssembly.Module(Buffer.from(KERNELS_BASE64, 'base64'));
  const { exports } = new WebAssembly.Instance(compiled, { env: { memory } });
  return exports as unknown as Kernels;
}

/** How much of k, of the rows of A and of the columns of B `gemm` packs at once: as in assembly/gemm.ts. */
const [DEPTH, ROWS, COLUMNS, TILE_BYTES] = [256, 128, 512, 128];

export function gemmScratchBytes(m: number, n: number, k: number): number {
  const depth = Math.min(k, DEPTH);
  // A single column may be computed as a row.
  const columns = Math.ceil(Math.min(n === 1 ? m : n, COLUMNS) / 8) * 8;
  const rows = Math.ceil(Math.min(m, ROWS) / 4) * 4;
  return Math.max(TILE_BYTES + depth * (columns + rows) * 4, DEPTH * 4);
}

/** Enough for any product. */
export const GREATEST_GEMM_SCRATCH_BYTES = gemmScratchBytes(ROWS, COLUMNS, DEPTH);

/** Four rows, each as wide as the window reaches in either direction. */
export function depthwiseScratchBytes(
  channels: number,
  width: number,
  outWidth: number,
  strideX: number,
): number {
  return 4 * 4 * channels * (Math.max(width, outWidth * strideX) + 3);
}
