import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { startBackend } from '../../../src/engine/backends/start.ts';

beforeAll(async () => {
  await startBackend('wasm');
});

const valuesOf = (compute: () => tf.Tensor) => Array.from(tf.tidy(() => compute().dataSync()));

describe('the repaired wasm kernels', () => {
  it('add up a million numbers without losing digits', () => {
    const many = () => tf.fill([1_000_000, 2], 0.1);
    expect(valuesOf(() => tf.mean(many()))[0]).toBeCloseTo(0.1, 7);
    expect(valuesOf(() => tf.sum(many(), 0))[1]).toBeCloseTo(100_000, 1);
  });

  it('sum nothing to 0', () => {
    expect(valuesOf(() => tf.sum(tf.zeros([0, 3]), 0))).toEqual([0, 0, 0]);
    expect(valuesOf(() => tf.sum(tf.zeros([2, 0]), 1))).toEqual([0, 0]);
  });

  it('sum over any axes, keeping them where asked', () => {
    const x = () => tf.reshape(tf.range(0, 24), [2, 3, 2, 2]);
    const sums = tf.sum(x(), [0, 2], true);
    expect(sums.shape).toEqual([1, 3, 1, 2]);
    expect(Array.from(sums.dataSync())).toEqual([28, 32, 44, 48, 60, 64]);
    expect(valuesOf(() => tf.mean(x(), [-1, 1]))).toEqual([4.5, 6.5, 16.5, 18.5]);
    expect(valuesOf(() => tf.sum(tf.tensor1d([1, 0, 1], 'bool')))).toEqual([2]);
  });

  it('let NaN through a clip, so that a divergence shows', () => {
    expect(valuesOf(() => tf.clipByValue(tf.tensor1d([Number.NaN, -9, 0.5, 9]), -1, 1))).toEqual([
      Number.NaN,
      -1,
      0.5,
      1,
    ]);
  });

  it('encode one-hot in the type that is asked for', () => {
    const ids = () => tf.tensor1d([2, 0, 3, -1], 'int32');
    const expected = [0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0];
    expect(valuesOf(() => tf.oneHot(ids(), 3, 1, 0, 'float32'))).toEqual(expected);
    expect(valuesOf(() => tf.oneHot(ids(), 3, 1, 0, 'int32'))).toEqual(expected);
  });

  it('refuse an id that is not in the table', () => {
    const table = tf.ones([2, 3]);
    const before = (tf.backend() as BackendWasm).numDataIds();
    const ids = tf.tensor1d([1, 2], 'int32');
    expect(() => tf.gather(table, ids)).toThrow('The index 2 is outside of a table with 2 rows.');
    ids.dispose();
    expect((tf.backend() as BackendWasm).numDataIds()).toBe(before);
    table.dispose();
  });

  it('cast every number but 0 to true', () => {
    expect(valuesOf(() => tf.cast(tf.tensor1d([0, 0.5, -2, 256]), 'bool'))).toEqual([0, 1, 1, 1]);
  });

  it('take a tensor apart along any axis, in its own type', () => {
    const x = () => tf.reshape(tf.range(0, 12, 1, 'int32'), [2, 3, 2]);
    const [, second] = tf.unstack(x(), 1);
    expect([second!.shape, second!.dtype, [...second!.dataSync()]]).toEqual([[2, 2], 'int32', [2, 3, 8, 9]]);
    const [first, rest] = tf.split(x(), [1, 2], -2);
    expect([first!.shape, [...first!.dataSync()]]).toEqual([
      [2, 1, 2],
      [0, 1, 6, 7],
    ]);
    expect([rest!.shape, [...rest!.dataSync()]]).toEqual([
      [2, 2, 2],
      [2, 3, 4, 5, 8, 9, 10, 11],
    ]);
    expect(tf.unstack(tf.zeros([3, 0]), 0).map(({ shape }) => shape)).toEqual([[0], [0], [0]]);
  });

  it('multiply with a matrix that was reshaped after it was multiplied with', () => {
    const b = tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]);
    expect(valuesOf(() => tf.matMul(tf.ones([1, 2]), b))).toEqual([5, 7, 9]);
    expect(valuesOf(() => tf.matMul(tf.ones([1, 3]), tf.reshape(b, [3, 2])))).toEqual([9, 12]);
    expect(valuesOf(() => tf.matMul(tf.ones([1, 2]), b))).toEqual([5, 7, 9]);
    b.dispose();
  });

  it('send the gradient of max pooling to the greatest value of a window of negative ones', () => {
    const pool = tf.grad((x) => tf.maxPool(x as tf.Tensor4D, 2, 2, 'valid'));
    const x = () => tf.tensor([-4, -3, -1, -2], [1, 2, 2, 1]);
    expect(valuesOf(() => pool(x()))).toEqual([0, 0, 1, 0]);
  });

  it('share the gradient of average pooling among the elements that a window covers', () => {
    const pool = tf.grad((x) => tf.avgPool(x as tf.Tensor4D, 2, 2, 'same'));
    expect(valuesOf(() => pool(tf.ones([1, 3, 3, 1])))).toEqual([
      0.25, 0.25, 0.5, 0.25, 0.25, 0.5, 0.5, 0.5, 1,
    ]);
  });
});

describe('a training step on wasm', () => {
  /** Gradients through every kernel of ours that allocates on its way. */
  function step(): void {
    tf.tidy(() => {
      const picture = tf.gather(tf.randomNormal([5, 4]), tf.zeros([2, 8, 8], 'int32'));
      const loss = (x: tf.Tensor, w: tf.Tensor, d: tf.Tensor, v: tf.Tensor) => {
        const convolved = tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, [2, 2], 'same');
        const deep = tf.depthwiseConv2d(convolved, d as tf.Tensor4D, [2, 2], 'same');
        const pooled = tf.avgPool(tf.maxPool(deep, 2, 1, 'same'), 2, 1, 'same');
        return tf.mean(tf.clipByValue(tf.matMul(v, tf.reshape(pooled, [12, 4]), false, true), -1, 1));
      };
      const kernels = [tf.randomNormal([3, 3, 4, 3]), tf.randomNormal([2, 2, 3, 2])];
      tf.grads(loss)([picture, ...kernels, tf.randomNormal([7, 4])]);
    });
  }

  it('leaves no tensor, no data and no memory behind', () => {
    const wasm = tf.backend() as BackendWasm;
    const heapSize = () => (wasm.wasm as unknown as { HEAPU8: Uint8Array }).HEAPU8.length;
    const held = () => [tf.memory().numTensors, tf.memory().numBytes, wasm.numDataIds()];
    step();
    const before = held();
    for (let i = 0; i < 20; i++) step();
    const heap = heapSize();
    for (let i = 0; i < 200; i++) step();
    expect(held()).toEqual(before);
    expect(heapSize()).toBe(heap);
  });
});

describe('memory that runs out', () => {
  it.each([2 ** 30 - 2 ** 20, 2 ** 30])('stops an operation whose result has %i numbers', (count) => {
    const other = tf.ones([4]);
    expect(() => tf.fill([count], 7)).toThrow(new RangeError('WebAssembly memory allocation failed'));
    expect(Array.from(other.dataSync())).toEqual([1, 1, 1, 1]);
    other.dispose();
  });
});
