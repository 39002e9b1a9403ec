import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { startBackend } from '../../../../src/engine/backends/start.ts';
import { compile } from '../../../../src/engine/compile/compile.ts';
import { fillUniform, key } from '../../../../src/random.ts';
import { Running } from './running.ts';

beforeAll(() => startBackend('cpu'));

const EPSILON = 2 ** -24;

describe.each([1, 2, 3])('sums of columns by %d threads', (threads) => {
  it.each([
    [65_536, 8],
    [65_536, 64],
    [131_072, 3],
    [30_000, 100],
    [65_521, 16],
  ])('lose next to nothing of %d rows of %d', (rows, columns) => {
    const x = fillUniform(new Float32Array(rows * columns), key(1, 'long', columns));
    const { program, schedule } = compile((tape) => {
      const given = tape.input('x', 'data', [rows, columns]);
      return { results: { sums: tf.sum(given, 0), all: tf.sum(tf.square(given)) }, nextState: {} };
    });
    const { results } = new Running(program, schedule, threads, rows).run({ x });
    const expected = new Float64Array(columns);
    for (const [i, value] of x.entries()) expected[i % columns]! += value;
    for (const [i, sum] of expected.entries())
      expect(Math.abs(results.sums![i]! / sum - 1)).toBeLessThan(12 * EPSILON);
    const squares = x.reduce((sum, value) => sum + value ** 2, 0);
    expect(Math.abs(results.all![0]! / squares - 1)).toBeLessThan(12 * EPSILON);
  });
});
