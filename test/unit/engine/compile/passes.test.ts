import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it, test } from 'vitest';
import { startBackend } from '../../../../src/engine/backends/start.ts';
import type { Operation, Program } from '../../../../src/engine/compile/ir/program.ts';
import { viewsOf } from '../../../../src/engine/compile/ir/rewrite.ts';
import { isContiguous, isWhole, type ValueId, whole } from '../../../../src/engine/compile/ir/view.ts';
import { copyUneven } from '../../../../src/engine/compile/passes/copy-uneven.ts';
import { dropDeadCode, neededFor } from '../../../../src/engine/compile/passes/drop-dead-code.ts';
import { fuse } from '../../../../src/engine/compile/passes/fuse.ts';
import { recompute } from '../../../../src/engine/compile/passes/recompute.ts';
import { settle } from '../../../../src/engine/compile/passes/settle.ts';
import { shareCommon } from '../../../../src/engine/compile/passes/share-common.ts';
import { simplify } from '../../../../src/engine/compile/passes/simplify.ts';
import { sinkBelowPooling } from '../../../../src/engine/compile/passes/sink-below-pooling.ts';
import {
  keptValues,
  makersOf,
  membersOf,
  type Schedule,
  takenBy,
} from '../../../../src/engine/compile/passes/units.ts';
import {
  cutsOf,
  domainSize,
  type Elementwise,
  mergedExtents,
  sizesBetween,
} from '../../../../src/engine/compile/plan/domain.ts';
import { type Recorded, record, type Tape } from '../../../../src/engine/compile/record/record.ts';
import { interpret, type Numbers } from './interpret.ts';
import { aProgram, difference, tensorTape } from './programs.ts';

beforeAll(() => startBackend('cpu'));

const PASSES = { dropDeadCode, simplify, shareCommon, sinkBelowPooling, copyUneven, settle };
const RUNS = { numRuns: Number(process.env.TRAINYARD_RANDOM_PROGRAMS ?? 150) };

/** A program of what is made of a few inputs. */
function programOf(
  work: (input: (name: string, ...shape: number[]) => tf.Tensor, state: typeof input) => Partial<Recorded>,
): Program {
  return record((tape: Tape) =>
    tf.tidy(() => {
      const made = work(
        (name, ...shape) => tape.input(name, 'data', shape),
        (name, ...shape) => tape.input(name, 'state', shape),
      );
      return { results: {}, nextState: {}, ...made };
    }),
  );
}

const kindsOf = ({ operations }: Program) => operations.map(nameOf);
const nameOf = (operation: Operation) =>
  operation.kind === 'map' || operation.kind === 'reduce' ? operation.fn : operation.kind;

/** Expects that two programs mean the same: for these numbers, and to the last bit where they are whole. */
function expectSame(found: Program, expected: Program, inputs: Numbers): void {
  const [now, before] = [interpret(found, inputs), interpret(expected, inputs)];
  expect(difference(now.results, before.results)).toBeNull();
  // A state that stays as it is may be left out.
  expect(difference({ ...inputs, ...now.nextState }, { ...inputs, ...before.nextState })).toBeNull();
}

test('the recording and its interpretation are what tfjs computes', () => {
  fc.assert(
    fc.property(aProgram(), ({ work, inputs }) => {
      const { results, nextState } = interpret(record(work), inputs);
      tf.tidy(() => {
        const computed = work(tensorTape(inputs));
        const numbers = (tensors: Readonly<Record<string, tf.Tensor>>) =>
          Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tensor.dataSync()]));
        expect(difference(results, numbers(computed.results))).toBeNull();
        const moved = numbers(computed.nextState);
        expect(difference(nextState, moved)).toBeNull();
      });
    }),
    RUNS,
  );
});

describe('every pass', () => {
  it.each(Object.entries(PASSES))('%s keeps what random programs mean', (_, pass) => {
    fc.assert(
      fc.property(aProgram(), ({ work, inputs }) => {
        const program = record(work);
        expectSame(pass(program), program, inputs);
      }),
      RUNS,
    );
  });

  it('keeps it one after another', () => {
    fc.assert(
      fc.property(aProgram(25), ({ work, inputs }) => {
        const program = record(work);
        let now = program;
        for (const pass of Object.values(PASSES)) {
          now = dropDeadCode(pass(now));
          expectSame(now, program, inputs);
        }
      }),
      RUNS,
    );
  });
});

describe('dropping dead code', () => {
  it('leaves what results and states need, in its order', () => {
    const program = programOf((input, state) => {
      const x = input('x', 4);
      input('idle', 4);
      tf.exp(x);
      const weight = tf.add(state('w', 4), x);
      return { results: { y: tf.neg(x) }, nextState: { w: weight } };
    });
    expect(kindsOf(program)).toEqual(['input', 'input', 'exp', 'input', 'add', 'neg']);
    expect(kindsOf(dropDeadCode(program))).toEqual(['input', 'input', 'add', 'neg']);
  });
});

describe('simplifying', () => {
  it('takes out products and quotients with 1, sums and differences with 0, and copies', () => {
    const program = programOf((input) => {
      const x = input('x', 4);
      const same = [tf.mul(x, 1), tf.mul(1, x), tf.div(x, 1), tf.add(x, 0), tf.add(0, x), tf.sub(x, 0)];
      return { results: Object.fromEntries(same.map((y, i) => [`y${i}`, tf.neg(y)])) };
    });
    const simple = dropDeadCode(simplify(program));
    expect(kindsOf(simple)).toEqual(['input', ...Array(6).fill('neg')]);
    for (const operation of simple.operations.slice(1)) expect(viewsOf(operation)).toEqual([whole(0, 4)]);
  });

  it('leaves what changes something', () => {
    const program = programOf((input) => {
      const x = input('x', 4);
      const other = [tf.mul(x, 0), tf.sub(0, x), tf.div(1, x), tf.mul(x, 2), tf.maximum(x, 0)];
      return { results: Object.fromEntries(other.map((y, i) => [`y${i}`, y])) };
    });
    expect(dropDeadCode(simplify(program))).toEqual(program);
  });

  it('sees through what it takes out, transposed or sliced', () => {
    const program = programOf((input) => {
      const y = tf.transpose(tf.mul(tf.transpose(input('x', 2, 3)), 1));
      return { results: { y: tf.neg(tf.slice(y, [1, 0], [1, 3])) } };
    });
    const [, neg] = dropDeadCode(simplify(program)).operations;
    expect(viewsOf(neg!)).toMatchObject([{ value: 0, offset: 3 }]);
  });
});

describe('sharing what is common', () => {
  it('computes once what is computed twice of the same', () => {
    const program = programOf((input) => {
      const x = input('x', 2, 3);
      const twice = () => tf.sum(tf.square(tf.transpose(x)), 0);
      const products = () => tf.matMul(x, x, false, true);
      return { results: { a: twice(), b: tf.neg(twice()), c: products(), d: tf.neg(products()) } };
    });
    const shared = dropDeadCode(shareCommon(program));
    expect(kindsOf(shared).sort()).toEqual(['input', 'matmul', 'mul', 'neg', 'neg', 'sum']);
  });

  it('leaves apart what is not the same', () => {
    const program = programOf((input) => {
      const [x, y] = [input('x', 6), input('y', 6)];
      const apart = [tf.add(x, 1), tf.add(x, 2), tf.add(y, 1), tf.add(x, y), tf.sub(x, y), tf.sub(y, x)];
      const square = tf.reshape(x, [2, 3]);
      const sums = [tf.sum(square, 0), tf.max(square, 0), tf.sum(tf.slice(square, [0, 1]), 0)];
      const all = [...apart, ...sums, tf.fill([4], 3), tf.fill([8], 3)];
      return { results: Object.fromEntries(all.map((value, i) => [`y${i}`, value])) };
    });
    expect(dropDeadCode(shareCommon(program))).toEqual(program);
  });

  it('takes random numbers of the same stream and place for the same, and others not', () => {
    const program = record((tape) =>
      tf.tidy(() => ({
        results: {
          a: tape.uniform('one', [4]),
          b: tf.neg(tape.uniform('one', [4])),
          c: tape.uniform('two', [4]),
          d: tape.uniform('one', [8]),
        },
        nextState: {},
      })),
    );
    const names = kindsOf(dropDeadCode(shareCommon(program)));
    expect(names.filter((name) => name === 'uniform')).toHaveLength(3);
  });
});

describe('settling', () => {
  const settled = (work: Parameters<typeof programOf>[0]) => settle(programOf(work));

  it('copies results that lie apart, and those that are inputs', () => {
    const { operations, results } = settled((input) => {
      const y = tf.neg(input('x', 2, 3));
      return { results: { y: tf.transpose(y), x: input('other', 2), part: tf.slice(y, [1, 0], [1, 3]) } };
    });
    for (const view of Object.values(results)) {
      expect(isContiguous(view)).toBe(true);
      expect(operations[view.value]!.kind).not.toBe('input');
    }
    expect(operations.filter((operation) => nameOf(operation) === 'copy')).toHaveLength(2);
  });

  it('copies states that are another’s, or only a part, and forgets those that stay', () => {
    const { operations, nextState } = settled((_input, state) => {
      const [a, b, c] = [state('a', 4), state('b', 4), state('c', 4)];
      const d = tf.neg(state('d', 8));
      state('e', 4);
      const f = tf.slice(tf.exp(state('f', 8)), 0, 4);
      state('g', 4);
      return { nextState: { a: tf.clone(b), b: tf.clone(a), c: tf.clone(c), d, e: tf.slice(d, 2, 4), g: f } };
    });
    expect(Object.keys(nextState)).toEqual(['a', 'b', 'd', 'e', 'g']);
    const values = Object.values(nextState).map(({ value }) => value);
    expect(new Set(values).size).toBe(5);
    for (const view of Object.values(nextState)) {
      expect(isWhole(view, operations[view.value]!.size)).toBe(true);
      expect(operations[view.value]!.kind).toBe('map');
    }
  });

  it('gives a value to one result or state alone', () => {
    const { results, nextState } = settled((input, state) => {
      const y = tf.neg(input('x', 4));
      state('a', 4);
      state('b', 4);
      return {
        results: { y: tf.clone(y), again: tf.clone(y) },
        nextState: { a: tf.clone(y), b: tf.clone(y) },
      };
    });
    const views = [...Object.values(results), ...Object.values(nextState)];
    expect(new Set(views.map(({ value }) => value)).size).toBe(4);
  });
});

describe('sinking below a pool', () => {
  const pooled = (input: (name: string, ...shape: number[]) => tf.Tensor) => {
    const x = tf.add(input('x', 1, 4, 4, 3), input('bias', 3)) as tf.Tensor4D;
    return tf.maxPool(tf.relu(x), 2, 2, 'valid');
  };

  it('adds a bias and cuts off after it', () => {
    const sunk = dropDeadCode(sinkBelowPooling(programOf((input) => ({ results: { y: pooled(input) } }))));
    const sizes = sunk.operations.map((operation) => [nameOf(operation), operation.size]);
    expect(sizes.slice(2)).toEqual([
      ['kernel', 12],
      ['add', 12],
      ['max', 12],
    ]);
  });

  it('leaves them where others take what they make', () => {
    const program = programOf((input) => {
      const x = tf.relu(tf.add(input('x', 1, 4, 4, 3), input('bias', 3))) as tf.Tensor4D;
      return { results: { y: tf.maxPool(x, 2, 2, 'valid'), x: tf.clone(x) } };
    });
    expect(sinkBelowPooling(program)).toEqual(program);
  });

  it('leaves what is added by place, and not by channel', () => {
    const program = programOf((input) => {
      const x = tf.relu(tf.add(input('x', 1, 4, 4, 3), input('other', 4, 4, 3))) as tf.Tensor4D;
      return { results: { y: tf.maxPool(x, 2, 2, 'valid') } };
    });
    expect(sinkBelowPooling(program)).toEqual(program);
  });

  it('has the gradients of what it was', () => {
    const program = programOf((input) => {
      const [x, bias] = [input('x', 2, 5, 4, 3), input('bias', 3)];
      const { grads, value } = tf.valueAndGrads((x: tf.Tensor, bias: tf.Tensor) => {
        const y = tf.maxPool(tf.relu(tf.add(x, bias)) as tf.Tensor4D, 2, 2, 'same');
        return tf.sum(tf.mul(y, input('weights', 3))) as tf.Scalar;
      })([x, bias]);
      return { results: { value, x: grads[0]!, bias: grads[1]! } };
    });
    const sunk = dropDeadCode(sinkBelowPooling(program));
    expect(sunk.operations.length).not.toBe(dropDeadCode(program).operations.length + 1);
    const x = Float32Array.from({ length: 120 }, (_, i) => ((i * 37) % 23) - 11);
    expectSame(sunk, program, { x, bias: [1, -2, 0], weights: [1, 2, -3] });
    expect(kindsOf(sunk).filter((name) => name === 'max')).toHaveLength(1);
    const cut = sunk.operations.find((operation) => nameOf(operation) === 'gt')!;
    expect(cut.size).toBe(2 * 3 * 2 * 3);
  });
});

describe('copying what is uneven', () => {
  const evened = (work: Parameters<typeof programOf>[0]) =>
    dropDeadCode(copyUneven(dropDeadCode(programOf(work))));
  const tiled = (x: tf.Tensor) => tf.reshape(tf.tile(tf.reshape(x, [1, 24]), [2, 1]), [3, 16]);

  it('copies what is cut elsewhere than a reduction', () => {
    const program = evened((input) => ({ results: { y: tf.sum(tiled(input('x', 24)), 0) } }));
    expect(kindsOf(program)).toEqual(['input', 'copy', 'sum']);
  });

  it('copies one of two that are cut differently, but not those that are cut alike', () => {
    const program = evened((input) => {
      const columns = tf.transpose(input('y', 16, 3));
      const x = tiled(input('x', 24));
      return { results: { y: tf.add(x, columns), z: tf.add(x, x), w: tf.sub(columns, columns) } };
    });
    expect(kindsOf(program).filter((name) => name === 'copy')).toHaveLength(1);
  });

  it('copies a part that is cut elsewhere than its place', () => {
    const program = evened((input) => ({
      results: { y: tf.concat([tiled(input('x', 24)), input('z', 3, 2)], 1) },
    }));
    expect(kindsOf(program)).toEqual(['input', 'input', 'copy', 'assemble']);
  });
});

/** Expects that each unit has all that it takes, and that a nest is one. */
function expectRunnable(program: Program, { measure, update }: Schedule): void {
  const units = [...measure, ...update];
  const makers = makersOf(units);
  const isGiven = (value: ValueId) => ['input', 'constant'].includes(program.operations[value]!.kind);
  for (const [at, unit] of units.entries()) {
    for (const value of takenBy(program.operations, unit))
      if (!isGiven(value)) expect(makers.get(value), `what makes ${value}`).toBeLessThan(at);
    if (unit.kind === 'alone') continue;
    const members = unit.members.map((id) => program.operations[id] as Elementwise);
    const made = new Set<ValueId>();
    for (const id of unit.members) {
      for (const view of viewsOf(program.operations[id]!)) {
        if (!unit.members.includes(view.value)) continue;
        // In a nest only the element at hand of another member is there.
        const { kind, size } = program.operations[view.value]!;
        expect(made).toContain(view.value);
        expect(kind).toBe('map');
        expect(isWhole(view, size)).toBe(true);
      }
      made.add(id);
    }
    expect(new Set(members.map(domainSize)).size).toBe(1);
    expect(sizesBetween(new Set(members.flatMap((member) => [...cutsOf(member)])))).not.toBeNull();
    const extents = members.flatMap((op) => (op.kind === 'reduce' ? [mergedExtents(op.extents)] : []));
    expect(new Set(extents.map((extents) => JSON.stringify(extents))).size).toBeLessThan(2);
  }
  for (const value of keptValues(program)) if (!isGiven(value)) expect(makers.has(value)).toBe(true);
  const measured = neededFor(
    program,
    Object.values(program.results).map(({ value }) => value),
  );
  for (const unit of measure) for (const id of membersOf(unit)) expect(measured.has(id)).toBe(true);
}

/** The program as it is before it is scheduled. */
function prepared(program: Program): Program {
  let now = program;
  for (const pass of Object.values(PASSES)) now = dropDeadCode(pass(now));
  return now;
}

/** The names of the operations of each unit. */
function namesIn(program: Program, units: Schedule['measure']): string[][] {
  return units.map((unit) => membersOf(unit).map((id) => nameOf(program.operations[id]!)));
}

describe('fusing', () => {
  const fused = (work: Parameters<typeof programOf>[0]) => {
    const program = prepared(programOf(work));
    const schedule = fuse(program);
    expectRunnable(program, schedule);
    return {
      measure: namesIn(program, schedule.measure),
      update: namesIn(program, schedule.update),
    };
  };

  it('makes nests that have all that they take, of random programs', () => {
    fc.assert(
      fc.property(aProgram(25), ({ work }) => {
        const program = prepared(record(work));
        const schedule = fuse(program);
        expectRunnable(program, schedule);
        const all = [...schedule.measure, ...schedule.update].flatMap(membersOf);
        const computed = program.operations.filter(({ kind }) => kind !== 'input' && kind !== 'constant');
        expect(all).toHaveLength(computed.length);
        expect(new Set(all).size).toBe(all.length);
      }),
      RUNS,
    );
  });

  it('gathers a chain, what reads the same, and the reduction at its end', () => {
    const { measure } = fused((input) => {
      const [x, bias] = [input('x', 4, 3), input('bias', 3)];
      const y = tf.tanh(tf.add(x, bias));
      return { results: { y, sum: tf.sum(tf.square(y), 0), other: tf.neg(x) } };
    });
    expect(measure).toHaveLength(1);
    expect(measure[0]!.sort()).toEqual(['add', 'mul', 'neg', 'sum', 'tanh']);
  });

  it('leaves apart what takes a reduction’s result from what makes it', () => {
    const { measure } = fused((input) => {
      const x = input('x', 4, 3);
      const centred = tf.sub(x, tf.sum(x, 0));
      return { results: { y: tf.exp(centred) } };
    });
    expect(measure).toEqual([['sum'], ['sub', 'exp']]);
  });

  it('leaves apart reductions along different axes', () => {
    const { measure } = fused((input) => {
      const x = input('x', 4, 3);
      return { results: { a: tf.sum(x, 0), b: tf.sum(x, 1), c: tf.max(x, 0) } };
    });
    expect(measure).toEqual([['sum', 'max'], ['sum']]);
  });

  it('leaves apart what sees another place than the one at hand', () => {
    const { measure } = fused((input) => {
      const y = tf.exp(input('x', 3, 3));
      return { results: { y: tf.add(y, tf.transpose(y)) } };
    });
    expect(measure).toEqual([['exp'], ['add']]);
  });

  it('leaves it apart too where it sees both', () => {
    const { measure } = fused((input) => {
      const x = input('x', 3, 3);
      const first = tf.neg(x);
      const second = tf.exp(input('y', 3, 3));
      return { results: { first, y: tf.mul(tf.add(second, tf.transpose(second)), first) } };
    });
    expect(measure.findIndex((names) => names.includes('exp'))).toBeLessThan(
      measure.findIndex((names) => names.includes('add')),
    );
  });

  it('leaves apart what can’t be gone through together', () => {
    const { measure } = fused((input) => {
      const tiled = (x: tf.Tensor, times: number) =>
        tf.reshape(tf.tile(tf.reshape(x, [1, x.size]), [times, 1]), [48]);
      const exp = tf.exp(input('x', 48));
      const [a, b] = [tf.neg(tiled(input('a', 24), 2)), tiled(input('b', 16), 3)];
      return { results: { y: tf.where(tf.greater(exp, 2), a, b) } };
    });
    const unitOf = (name: string) => measure.findIndex((names) => names.includes(name));
    expect(unitOf('neg')).toBeLessThan(unitOf('select'));
  });

  it('computes for the results only what they need, and the rest after', () => {
    const { measure, update } = fused((input, state) => {
      const [x, w] = [input('x', 4), state('w', 4)];
      return { results: { loss: tf.sum(tf.mul(x, w)) }, nextState: { w: tf.sub(w, tf.mul(x, 0.1)) } };
    });
    expect(measure).toEqual([['mul', 'sum']]);
    expect(update).toEqual([['mul', 'sub']]);
  });
});

describe('recomputing', () => {
  const both = (work: Parameters<typeof programOf>[0]) => {
    const program = prepared(programOf(work));
    const before = fuse(program);
    const after = recompute(program, before);
    expectRunnable(program, after);
    const names = ({ measure, update }: Schedule) => namesIn(program, [...measure, ...update]);
    return { before: names(before), after: names(after) };
  };

  it('makes schedules that can be run, of random programs', () => {
    fc.assert(
      fc.property(aProgram(25), ({ work }) => {
        const program = prepared(record(work));
        expectRunnable(program, recompute(program, fuse(program)));
      }),
      RUNS,
    );
  });

  it('has a later nest make the sign of what is kept, instead of reading it', () => {
    const { before, after } = both((input) => {
      const [x, b] = [input('x', 40, 30), input('b', 30, 30)];
      const y = tf.relu(x);
      const sign = tf.greater(x, 0);
      const product = tf.matMul(y as tf.Tensor2D, b as tf.Tensor2D);
      return { results: { y: tf.mul(tf.mul(product, tf.cast(sign, 'float32')), y) } };
    });
    expect(before[0]).toContain('gt');
    expect(before.at(-1)).not.toContain('gt');
    expect(after[0]).not.toContain('gt');
    expect(after.at(-1)).toContain('gt');
  });

  it('doesn’t make again what is dear', () => {
    const { before, after } = both((input) => {
      const [x, b] = [input('x', 40, 30), input('b', 30, 30)];
      const product = tf.matMul(tf.exp(x) as tf.Tensor2D, b as tf.Tensor2D);
      return { results: { y: tf.mul(product, tf.tanh(x)) } };
    });
    expect(before[0]).toContain('tanh');
    expect(after).toEqual(before);
  });

  it('doesn’t make again what is a result, though a later nest could', () => {
    const { before, after } = both((input) => {
      const [x, b] = [input('x', 40, 30), input('b', 30, 30)];
      const y = tf.neg(x);
      const product = tf.matMul(tf.relu(x) as tf.Tensor2D, b as tf.Tensor2D);
      return { results: { y, z: tf.mul(product, y) } };
    });
    expect(after).toEqual(before);
  });
});
