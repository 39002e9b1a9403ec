import {
  Mean,
  type MeanAttrs,
  type MeanInputs,
  Sum,
  type SumAttrs,
  type SumInputs,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';
import { defineKernel, existingKernel, floats, type Wasm } from './kernel.ts';

/**
 * The shipped kernels add one by one in single precision: the mean of a million times 0.1 comes out as 0.101,
 * and the sum of nothing as whatever lay in the heap. These add in double precision, and don't transpose first.
 */
export function registerReductions(): void {
  const shippedSum = existingKernel(Sum);
  defineKernel<SumInputs, SumAttrs>(Sum, (wasm, { x }, attributes) => {
    if (x.dtype !== 'float32') return shippedSum(wasm, { x }, attributes);
    return reduce(wasm, x, attributes, (values) => values);
  });
  const shippedMean = existingKernel(Mean);
  defineKernel<MeanInputs, MeanAttrs>(Mean, (wasm, { x }, attributes) => {
    if (x.dtype !== 'float32') return shippedMean(wasm, { x }, attributes);
    const size = util.sizeFromShape(x.shape);
    return reduce(wasm, x, attributes, (sums) => sums.map((sum) => (sum * sums.length) / size));
  });
}

function reduce(
  wasm: Wasm,
  x: TensorInfo,
  { axis, keepDims }: SumAttrs,
  finish: (sums: Float32Array) => Float32Array,
): TensorInfo {
  const axes = util.parseAxisParam(axis, x.shape);
  const shape = x.shape.flatMap((length, i) => (axes.includes(i) ? (keepDims ? [1] : []) : [length]));
  const reduced = wasm.makeOutput(shape, 'float32');
  const sums = runsOf(x.shape, axes).reduce(sumRun, floats(wasm, x));
  floats(wasm, reduced).set(finish(sums));
  return reduced;
}

/** Neighbouring axes that are summed, with what stands before and after them. */
interface Run {
  outer: number;
  summed: number;
  inner: number;
}

/** The runs of neighbouring axes, the last first, so that each leaves what stands before it as it was. */
function runsOf(shape: readonly number[], axes: readonly number[]): Run[] {
  const runs: Run[] = [];
  let inner = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (!axes.includes(axis)) {
      inner *= shape[axis]!;
      continue;
    }
    let summed = shape[axis]!;
    while (axes.includes(axis - 1)) summed *= shape[--axis]!;
    runs.push({ outer: util.sizeFromShape(shape.slice(0, axis)), summed, inner });
  }
  return runs;
}

/** [outer, summed, inner] → [outer, inner]. */
function sumRun(values: Float32Array, { outer, summed, inner }: Run): Float32Array {
  return inner === 1 ? sumRows(values, outer, summed) : sumColumns(values, outer, summed, inner);
}

function sumRows(values: Float32Array, rows: number, length: number): Float32Array {
  const sums = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const start = row * length;
    const end = start + length;
    // Two sums at a time, so that an addition needn't wait for the one before it.
    let even = 0;
    let odd = 0;
    let i = start;
    for (; i + 1 < end; i += 2) {
      even += values[i]!;
      odd += values[i + 1]!;
    }
    sums[row] = even + odd + (i < end ? values[i]! : 0);
  }
  return sums;
}

function sumColumns(values: Float32Array, blocks: number, rows: number, columns: number): Float32Array {
  const sums = new Float32Array(blocks * columns);
  const block = new Float64Array(columns);
  let from = 0;
  for (let b = 0; b < blocks; b++) {
    block.fill(0);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) block[column]! += values[from++]!;
    }
    sums.set(block, b * columns);
  }
  return sums;
}
