import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { startBackend } from '../../../../src/engine/backends/start.ts';
import { compile } from '../../../../src/engine/compile/compile.ts';
import { type Recorded, record, type Tape } from '../../../../src/engine/compile/record/record.ts';
import { interpret, type Numbers } from './interpret.ts';
import { aProgram, difference, INPUTS, numbersOf, STATES } from './programs.ts';
import { Running } from './running.ts';

beforeAll(() => startBackend('cpu'));

const RUNS = { numRuns: Number(process.env.TRAINYARD_RANDOM_PROGRAMS ?? 150) };

/** Expects that a compiled program gives what the recording means: for each of these inputs, one after another. */
function expectRuns(
  work: (tape: Tape) => Recorded,
  inputs: readonly Numbers[],
  { threads = 1, rows = 1 } = {},
): Running {
  const recorded = record(work);
  const { program, schedule } = compile(work);
  const running = new Running(program, schedule, threads, rows);
  for (const numbers of inputs) {
    const expected = interpret(recorded, numbers);
    const found = running.run(numbers);
    expect(difference(found.results, expected.results)).toBeNull();
    const unmoved = Object.fromEntries(Object.keys(found.nextState).map((name) => [name, numbers[name]!]));
    const states = Object.fromEntries(
      Object.entries({ ...unmoved, ...expected.nextState }).filter(([name]) => name in found.nextState),
    );
    expect(difference(found.nextState, states)).toBeNull();
  }
  return running;
}

/** What is made of the inputs and states that random programs have too. */
function expectWorks(
  work: (given: Record<keyof typeof INPUTS | keyof typeof STATES, tf.Tensor>) => Partial<Recorded>,
): Running {
  const recorded = (tape: Tape) =>
    tf.tidy(() => {
      const given = (role: 'data' | 'state', shapes: Record<string, readonly number[]>) =>
        Object.entries(shapes).map(([name, shape]) => [name, tape.input(name, role, shape)]);
      const all = Object.fromEntries([...given('data', INPUTS), ...given('state', STATES)]);
      return { results: {}, nextState: {}, ...work(all as Parameters<typeof work>[0]) };
    });
  return expectRuns(recorded, [numbersOf(1), numbersOf(2), numbersOf(1)]);
}

describe('compiled random programs', () => {
  it('give what they mean, again and again', () => {
    fc.assert(
      fc.property(aProgram(25), ({ work, inputs }) => {
        expectRuns(work, [inputs, numbersOf(3), inputs]);
      }),
      RUNS,
    );
  });

  it('do so divided among threads', () => {
    fc.assert(
      fc.property(
        aProgram(25),
        fc.integer({ min: 2, max: 4 }),
        fc.constantFrom(1, 4, 6),
        ({ work, inputs }, threads, rows) => {
          expectRuns(work, [inputs, numbersOf(3), inputs], { threads, rows });
        },
      ),
      RUNS,
    );
  });
});

describe('the state', () => {
  it('is moved in its place where nothing else takes it after', () => {
    const { plan } = expectWorks(({ weights, matrix }) => ({
      nextState: { weights: tf.add(weights, matrix) },
    }));
    expect(plan.update).toHaveLength(1);
  });

  it('is there for whoever takes it after its own next value is made', () => {
    expectWorks(({ weights, bias, matrix }) => {
      const next = tf.add(weights, matrix);
      const product = tf.matMul(next as tf.Tensor2D, weights as tf.Tensor2D, false, true);
      return { nextState: { weights: next, bias: tf.add(bias, tf.sum(product)) } };
    });
  });

  it('can be written without being read', () => {
    expectWorks(({ matrix }) => ({ nextState: { weights: tf.neg(matrix), long: tf.reshape(matrix, [24]) } }));
  });

  it('can be exchanged', () => {
    expectWorks(({ weights, long }) => ({
      nextState: { weights: tf.reshape(long, [4, 6]), long: tf.reshape(weights, [24]) },
    }));
  });

  it('can be its own transposition', () => {
    expectWorks(({ weights, long }) => ({
      nextState: {
        weights: tf.reshape(tf.transpose(weights), [4, 6]),
        long: tf.reshape(tf.add(tf.reshape(tf.transpose(weights), [24]), long), [24]),
      },
    }));
  });

  it('can be an assembly of parts that are made before it is read for the last time', () => {
    expectWorks(({ weights, bias, matrix, block }) => {
      const [upper, lower] = [tf.neg(tf.slice(matrix, 0, 2)), tf.exp(tf.slice(matrix, 2, 2))];
      const product = tf.matMul(tf.reshape(block, [6, 4]) as tf.Tensor2D, weights as tf.Tensor2D);
      const next = tf.concat([upper, lower]);
      return {
        results: { upper: tf.sum(upper), lower: tf.sum(lower) },
        nextState: { weights: next, bias: tf.add(bias, tf.sum(product)) },
      };
    });
  });
});

describe('parts of an assembly', () => {
  it('are made in their places', () => {
    const { plan } = expectWorks(({ matrix, tall }) => {
      const parts = [tf.exp(matrix), tf.matMul(tf.slice(tall, 0, 4) as tf.Tensor2D, matrix as tf.Tensor2D)];
      return { results: { y: tf.neg(tf.concat(parts, 1)) } };
    });
    // The map, the product, and what takes the assembly.
    expect(plan.measure).toHaveLength(3);
  });

  it('stay apart where others go through them in other rows', () => {
    expectWorks(({ matrix, tall }) => {
      const part = tf.exp(matrix);
      const beside = tf.concat([part, tf.slice(tall, 0, 4)], 1);
      return { results: { y: tf.neg(beside), z: tf.sum(tf.reshape(part, [3, 8]), 0) } };
    });
  });

  it('stay apart where they are results too', () => {
    expectWorks(({ matrix, tall }) => {
      const part = tf.exp(matrix);
      return { results: { part, y: tf.neg(tf.concat([part, tf.slice(tall, 0, 4)], 1)) } };
    });
  });

  it('can be parts of parts', () => {
    expectWorks(({ matrix, row }) => {
      const first = tf.concat([tf.exp(matrix), tf.tanh(matrix)], 1);
      const second = tf.concat([first, tf.neg(matrix)], 1);
      return { results: { y: tf.neg(second), z: tf.add(tf.slice(first, [0, 3], [4, 6]), row) } };
    });
  });

  it('can lie across the rows of what their assembly is a part of', () => {
    expectWorks(({ row, matrix }) => {
      const flat = tf.concat([tf.exp(tf.slice(row, 0, 4)), tf.exp(tf.reshape(tf.slice(matrix, 0, 2), [12]))]);
      const beside = tf.concat(
        [tf.reshape(flat, [2, 8]), tf.neg(tf.reshape(tf.slice(row, 2, 4), [2, 2]))],
        1,
      );
      return { results: { y: tf.neg(beside) } };
    });
  });

  it('can be single columns', () => {
    expectWorks(({ tall, picture }) => {
      const columns = tf.stack(
        [tf.sum(tall, 1), tf.exp(tf.max(tall, 1)), tf.slice(tf.reshape(tall, [36]), 3, 9)],
        1,
      );
      const channel = tf.concat([picture, tf.sum(picture, 3, true)], 3);
      return { results: { columns: tf.neg(columns), channel: tf.neg(channel) } };
    });
  });

  it('can be the same twice', () => {
    expectWorks(({ matrix }) => {
      const part = tf.exp(matrix);
      return { results: { y: tf.neg(tf.concat([part, part, tf.transpose(tf.reshape(part, [6, 4]))])) } };
    });
  });
});

describe('what a nest makes', () => {
  it('takes the place of what nobody takes after it', () => {
    const chain = (links: number) =>
      expectWorks(({ picture }) => {
        let x = tf.relu(picture) as tf.Tensor4D;
        for (let i = 0; i < links; i++) x = tf.relu(tf.maxPool(x, 2, 1, 'same')) as tf.Tensor4D;
        return { results: { y: x } };
      }).end;
    expect(chain(9)).toBe(chain(3));
  });

  it('lets be what is taken later, or at another place', () => {
    expectWorks(({ matrix }) => {
      const a = tf.matMul(matrix as tf.Tensor2D, matrix as tf.Tensor2D, true, false);
      const b = tf.add(a, tf.transpose(a));
      const c = tf.matMul(b as tf.Tensor2D, a as tf.Tensor2D);
      return { results: { b: tf.neg(b), c, d: tf.sub(c, a) } };
    });
  });
});

it('reads a column of a great matrix up to its end, and not far beyond', () => {
  const [rows, columns] = [5, 300_000];
  const inputs = { x: Float32Array.from({ length: rows * columns }, (_, i) => i % 11) };
  expectRuns(
    (tape) =>
      tf.tidy(() => {
        const x = tape.input('x', 'data', [rows, columns]);
        return { results: { y: tf.exp(tf.slice(x, [0, columns - 1], [rows, 1])) }, nextState: {} };
      }),
    [inputs],
  );
});
