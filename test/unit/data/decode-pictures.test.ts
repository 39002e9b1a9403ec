import { describe, expect, it } from 'vitest';
import { decodePictures } from '../../../src/data/decode-pictures.ts';
import type { InputEncoding } from '../../../src/spec/preprocess.ts';

const tensor = (change: object): { inputs: InputEncoding[] } => ({
  inputs: [
    {
      type: 'tensor',
      name: 'image',
      shape: [1, 2, 1],
      scale: 1 / 255,
      mean: [0.5],
      std: [0.25],
      ...change,
    } as InputEncoding,
  ],
});

describe('a grid of pictures', () => {
  it('has them row after row, in bytes again', () => {
    const encoded = [-2, 2, -1, 1, 0, 0, 9, -9];
    const grid = decodePictures(tensor({}), Float32Array.from(encoded), 2)!;
    expect(grid).toMatchObject({ height: 2, width: 4, channels: 1 });
    expect([...grid.values]).toEqual([0, 255, 64, 191, 128, 128, 255, 0]);
  });

  it('has bytes again whatever was made of them', () => {
    const encoding = tensor({ scale: 2 / 255, mean: [1], std: [1], bytes: true });
    const grid = decodePictures(encoding, Float32Array.of(-1, 1, 0, 2, 0, 0, 0, 0), 2)!;
    expect([...grid.values].slice(0, 4)).toEqual([0, 255, 128, 255]);
  });

  it('keeps channels together', () => {
    const encoding = tensor({ shape: [1, 1, 3], mean: [0, 0, 0], std: [1, 1, 1] });
    const examples = Float32Array.from({ length: 12 }, (_, i) => i / 255);
    expect([...decodePictures(encoding, examples, 2)!.values]).toEqual([...Array(12).keys()]);
  });

  it('spreads numbers that were no bytes from black to white', () => {
    const encoding = tensor({ scale: 1, mean: [10], std: [2] });
    const grid = decodePictures(encoding, Float32Array.of(-1, 0, 1, 0, 0, 0, 0, 0), 2)!;
    expect([...grid.values]).toEqual([0, 128, 255, 128, 128, 128, 128, 128]);
  });

  it('is none of numbers that are no picture', () => {
    expect(decodePictures(tensor({ shape: [2] }), new Float32Array(8), 2)).toBeNull();
    expect(decodePictures({ inputs: [{ type: 'boolean', name: 'b' }] }, new Float32Array(4), 2)).toBeNull();
  });
});
