import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { startBackend } from '../../../../src/engine/backends/start.ts';
import { compile } from '../../../../src/engine/compile/compile.ts';
import { divide } from '../../../../src/engine/compile/plan/divide.ts';
import { planProgram } from '../../../../src/engine/compile/plan/plan.ts';
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

describe('a row whose length nothing divides', () => {
  const LENGTH = 235_146;
  const numbers = fillUniform(new Float32Array(LENGTH), key(1, 'row'));
  const compiled = () =>
    compile((tape) => {
      const given = tape.input('x', 'data', [LENGTH]);
      const results = { squares: tf.sum(tf.square(given)), most: tf.max(given), sum: tf.sum(given) };
      return { results, nextState: {} };
    });

  it.each([1, 2, 3, 4])('is shared by %d threads', (threads) => {
    const { program, schedule } = compiled();
    const running = new Running(program, schedule, threads, 64);
    const { results } = running.run({ x: numbers });
    const relative = (found: number, expected: number) => Math.abs(found / expected - 1);
    const sum = (of: (value: number) => number) => numbers.reduce((sum, value) => sum + of(value), 0);
    expect(
      relative(
        results.squares![0]!,
        sum((value) => value ** 2),
      ),
    ).toBeLessThan(12 * EPSILON);
    expect(
      relative(
        results.sum![0]!,
        sum((value) => value),
      ),
    ).toBeLessThan(12 * EPSILON);
    expect(results.most![0]).toBe(numbers.reduce((most, value) => Math.max(most, value)));
  });

  it('is worked at by all of them, half each', () => {
    const { program, schedule } = compiled();
    const plan = planProgram(program, schedule, () => 0, 65536);
    const divided = divide(plan, 2, 64);
    const worked = divided.measure.map((stream) =>
      stream.reduce((sum, call) => {
        if (call === 'barrier' || call.kind !== 'nest') return sum;
        const { dimensions } = divided.nests[call.nest]!;
        const [, ...inner] = dimensions;
        const each = inner.reduce((product, { size }) => product * size, 1);
        return sum + (inner.length > 0 ? (call.to - call.from) * each : dimensions[0]!.size);
      }, 0),
    );
    expect(Math.abs(worked[0]! - worked[1]!)).toBeLessThan(LENGTH / 50);
  });
});
