import { describe, expect, it } from 'vitest';
import { namedWeights } from '../../../src/data/models/named-weights.ts';
import { decodeWeight, storedBytes } from '../../../src/data/models/stored-numbers.ts';
import type { KerasLayer, StoredWeight } from '../../../src/data/models/weight-source.ts';
import { fromHalf } from '../../../src/data/readers/half.ts';
import { WeightsManifest } from '../../../src/spec/keras/weights-manifest.ts';

describe('numbers in a shard', () => {
  const weightOf = (weight: object) =>
    WeightsManifest.parse([{ paths: ['a'], weights: [{ name: 'w', shape: [2, 2], ...weight }] }])[0]!
      .weights[0]!;
  const decoded = (weight: object, bytes: ArrayBufferView) => {
    const { buffer, byteOffset, byteLength } = bytes;
    const stored = Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
    expect(storedBytes(weightOf(weight))).toBe(byteLength);
    return [...decodeWeight(weightOf(weight), stored)];
  };

  it('come as float32, int32 and bool', () => {
    expect(decoded({ dtype: 'float32' }, Float32Array.of(1.5, -2, 0, 3))).toEqual([1.5, -2, 0, 3]);
    expect(decoded({ dtype: 'int32' }, Int32Array.of(1, -2, 0, 70_000))).toEqual([1, -2, 0, 70_000]);
    expect(decoded({ dtype: 'bool' }, Uint8Array.of(1, 0, 0, 1))).toEqual([1, 0, 0, 1]);
  });

  it('are scaled and moved where they are quantized to 8 or 16 bits', () => {
    const quantization = { min: -1, scale: 0.5, original_dtype: 'float32' };
    const eight = { dtype: 'float32', quantization: { dtype: 'uint8', ...quantization } };
    expect(decoded(eight, Uint8Array.of(0, 1, 2, 255))).toEqual([-1, -0.5, 0, 126.5]);
    const sixteen = { dtype: 'float32', quantization: { dtype: 'uint16', ...quantization } };
    expect(decoded(sixteen, Uint16Array.of(0, 1, 2, 65_535))).toEqual([-1, -0.5, 0, 32_766.5]);
  });

  it('are rounded where whole ones are quantized', () => {
    const quantization = { dtype: 'uint8', min: 1, scale: 0.4 };
    expect(decoded({ dtype: 'int32', quantization }, Uint8Array.of(0, 1, 2, 3))).toEqual([1, 1, 2, 2]);
  });

  it('come as halves', () => {
    const halves = Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7bff);
    expect(decoded({ dtype: 'float32', quantization: { dtype: 'float16' } }, halves)).toEqual([
      1,
      -2,
      2 ** -24,
      65_504,
    ]);
    expect(fromHalf(0x7c00)).toBe(Number.POSITIVE_INFINITY);
    expect(fromHalf(0xfc00)).toBe(Number.NEGATIVE_INFINITY);
    expect(fromHalf(0x7e00)).toBeNaN();
    expect(fromHalf(0x3555)).toBeCloseTo(1 / 3, 3);
  });
});

describe('a weight’s name', () => {
  const stored = (mark: number): StoredWeight => ({
    shape: [mark],
    read: async () => new Float32Array(mark),
  });
  const layer = (name: string, direction?: KerasLayer['direction']): KerasLayer => ({
    name,
    className: direction ? 'Bidirectional' : 'Dense',
    path: [],
    direction,
  });
  const shapeFound = (names: readonly string[], wanted: KerasLayer, local: string, ...others: string[]) => {
    const layers = [wanted, ...others.map((name) => layer(name))];
    const weights = names.map((name, i) => ({ name, weight: stored(i + 1) }));
    return namedWeights(weights, layers).find({ layer: wanted, names: [local], position: 0 })?.shape[0];
  };

  it('says its layer by the longest run of its parts that is a layer’s name', () => {
    const names = ['conv1/kernel', 'conv1/bn/gamma'];
    expect(shapeFound(names, layer('conv1/bn'), 'gamma', 'conv1', 'bn')).toBe(2);
    expect(shapeFound(names, layer('conv1'), 'gamma', 'conv1/bn')).toBeUndefined();
  });

  it('may have a model’s name before the layer’s, a cell’s after it, and :0', () => {
    expect(shapeFound(['outer/lstm/lstm_cell_7/kernel:0'], layer('lstm'), 'kernel', 'outer')).toBe(1);
  });

  it('tells the directions of a bidirectional layer apart, and of no other', () => {
    const names = ['both/forward_lstm/kernel', 'both/backward_lstm/lstm_cell/kernel'];
    expect(shapeFound(names, layer('both', 'forward'), 'kernel')).toBe(1);
    expect(shapeFound(names, layer('both', 'backward'), 'kernel')).toBe(2);
    expect(shapeFound(['forward_pass/kernel'], layer('forward_pass'), 'kernel')).toBe(1);
  });

  it('isn’t guessed at where two have it', () => {
    expect(shapeFound(['a/x/kernel', 'a/y/kernel'], layer('a'), 'kernel')).toBeUndefined();
  });
});
