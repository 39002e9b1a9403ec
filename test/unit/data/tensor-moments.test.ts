import { describe, expect, it } from 'vitest';
import { channelMoments } from '../../../src/data/tensor-moments.ts';
import { bits, key } from '../../../src/random.ts';

const SHAPE = [4, 5, 3];
const WIDTH = 60;
const rows = Uint32Array.of(6, 0, 3, 5);
const bytes = Uint8Array.from({ length: 8 * WIDTH }, (_, i) => bits(key('bytes'), i) % 256);

/** By the definition, of one channel. */
function expected(channel: number): { mean: number; std: number } {
  const values = [...rows].flatMap((row) =>
    [...bytes.subarray(row * WIDTH, (row + 1) * WIDTH)].filter((_, i) => i % 3 === channel),
  );
  const mean = values.reduce((sum, value) => sum + value) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, std: Math.sqrt(squares / values.length) };
}

describe('the moments of a channel', () => {
  it.each([
    ['bytes, which are counted', bytes],
    ['other numbers, which are summed up', Float32Array.from(bytes)],
  ])('are right of %s', (_, values) => {
    const { mean, std } = channelMoments(values, SHAPE, rows);
    for (let channel = 0; channel < 3; channel++) {
      expect(mean[channel]).toBeCloseTo(expected(channel).mean, 11);
      expect(std[channel]).toBeCloseTo(expected(channel).std, 11);
    }
  });

  it('are right of more channels than bytes are counted of', () => {
    const { mean, std } = channelMoments(bytes, [WIDTH], Uint32Array.of(1, 4));
    const [a, b] = [bytes[WIDTH + 7]!, bytes[4 * WIDTH + 7]!];
    expect(mean).toHaveLength(WIDTH);
    expect(mean[7]).toBeCloseTo((a + b) / 2, 11);
    expect(std[7]).toBeCloseTo(Math.abs(a - b) / 2, 11);
  });

  it.each([new Uint8Array(2 * WIDTH).fill(7), new Float32Array(2 * WIDTH).fill(0.1)])(
    'are without any deviation where numbers are equal',
    (values) => {
      expect([...channelMoments(values, SHAPE, Uint32Array.of(0, 1)).std]).toEqual([0, 0, 0]);
    },
  );
});
