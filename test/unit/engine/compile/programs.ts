import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import type { Recorded, Tape } from '../../../../src/engine/compile/record/record.ts';
import { fillUniform, key } from '../../../../src/random.ts';
import type { Numbers } from './interpret.ts';

/**
 * Random programs, as a caller would write them. Their numbers are small and whole, and so is all that is computed
 * of them, so that float32 is exact: whatever order a program is computed in, it must come out the same to the bit.
 * What a smooth function or a mean makes is apart: it is only added up or handed on, and compared with room.
 */
export interface RandomProgram {
  readonly steps: readonly Choices[];
  readonly work: (tape: Tape) => Recorded;
  readonly inputs: Numbers;
}

/** What one step of a program is made by: its kind, and what else there is to choose. */
type Choices = readonly [kind: number, a: number, b: number, c: number];

interface Value {
  readonly tensor: tf.Tensor;
  /** No number of it is greater. */
  readonly bound: number;
  /** Whether its numbers are whole. */
  readonly exact: boolean;
}

export const INPUTS = {
  matrix: [4, 6],
  row: [6],
  block: [2, 3, 4],
  picture: [1, 4, 6, 3],
  tall: [9, 4],
} as const;
export const STATES = { weights: [4, 6], bias: [6], scale: [], long: [24] } as const;
const KEY = 'key';
/** Whole numbers of this size, and sums of some of them, are exact in float32. */
const LARGEST = 2 ** 20;

export const aProgram = (most = 14): fc.Arbitrary<RandomProgram> =>
  fc
    .tuple(
      fc.array(fc.tuple(fc.nat(32), fc.nat(), fc.nat(), fc.nat()), { minLength: 1, maxLength: most }),
      fc.nat(),
    )
    .map(([steps, seed]) => ({
      steps,
      work: (tape) => played(steps, seed, tape),
      inputs: numbersOf(seed),
      toString: () => JSON.stringify({ steps, seed }),
    }));

/** The tape on which a program is computed at once, by whichever tfjs backend is started. */
export function tensorTape(inputs: Numbers): Tape {
  const draw = (name: string, shape: readonly number[]) => {
    const [a, b] = Array.from(inputs[name]!) as [number, number];
    return tf.tensor(fillUniform(new Float32Array(sizeOf(shape)), [a, b]), [...shape]);
  };
  return {
    input: (name, _role, shape) => tf.tensor(Float32Array.from(inputs[name]!), [...shape]),
    uniform: draw,
    normal: draw,
  };
}

export function numbersOf(seed: number): Numbers {
  const arrays = Object.entries({ ...INPUTS, ...STATES }).map(([name, shape]) => {
    const draws = fillUniform(new Float32Array(sizeOf(shape)), key(seed, name));
    return [name, draws.map((draw) => Math.floor(draw * 7) - 3)];
  });
  return { ...Object.fromEntries(arrays), [KEY]: Int32Array.from(key(seed, 'stream')) };
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

function played(steps: readonly Choices[], seed: number, tape: Tape): Recorded {
  return tf.tidy(() => {
    const states = Object.entries(STATES).map(([name, shape]) => ({
      ...value(tape.input(name, 'state', shape), 3),
      name,
    }));
    const pool: Value[] = [
      ...Object.entries(INPUTS).map(([name, shape]) => value(tape.input(name, 'data', shape), 3)),
      ...states,
    ];
    for (const [kind, ...choices] of steps) {
      const made = STEPS[kind % STEPS.length]!(pool, choices, tape);
      if (made) pool.push(...made.filter(({ bound }) => bound <= LARGEST));
    }
    const from = <T>(items: readonly T[], at: number) => items[(seed + at * 7) % items.length]!;
    const nextState = states.flatMap(({ name, tensor }, i) => {
      const fitting = pool.filter((other) => other.tensor.size === tensor.size);
      return (seed >> i) % 4 === 3
        ? []
        : [[name, tf.reshape(from(fitting, i).tensor, tensor.shape)] as const];
    });
    const results = [pool.at(-1)!, from(pool, 5), from(pool, 6)].map(
      ({ tensor }, i) => [`result ${i}`, tf.clone(tensor)] as const,
    );
    return { results: Object.fromEntries(results), nextState: Object.fromEntries(nextState) };
  });
}

function value(tensor: tf.Tensor, bound: number, exact = true): Value {
  return { tensor, bound, exact };
}

type Step = (pool: readonly Value[], choices: readonly number[], tape: Tape) => Value[] | null;

/** Of those that came last most, so that programs become deep. */
function chosen(pool: readonly Value[], choice: number): Value {
  const back = choice % 3 === 0 ? Math.floor(choice / 3) % pool.length : Math.floor(choice / 3) % 4;
  return pool[Math.max(0, pool.length - 1 - back)]!;
}

const COMPARISONS = [tf.greater, tf.greaterEqual, tf.less, tf.lessEqual, tf.equal, tf.notEqual] as const;

function partner(pool: readonly Value[], { tensor }: Value, choice: number): Value | null {
  const fitting = pool.filter((other) => broadcasts(other.tensor.shape, tensor.shape));
  return fitting.length === 0 ? null : chosen(fitting, choice);
}

function broadcasts(a: readonly number[], b: readonly number[]): boolean {
  const length = Math.max(a.length, b.length);
  const padded = (shape: readonly number[]) => [...Array<number>(length - shape.length).fill(1), ...shape];
  const [left, right] = [padded(a), padded(b)];
  return left.every((n, i) => n === right[i] || n === 1 || right[i] === 1);
}

function truth(tensor: tf.Tensor): Value {
  return value(tf.cast(tensor, 'float32'), 1);
}

const STEPS: readonly Step[] = [
  // Maps of one, and of a number.
  (pool, [a, b]) => {
    const { tensor, bound, exact } = chosen(pool, a!);
    const made = [tf.neg, tf.abs, tf.relu, (x: tf.Tensor) => tf.mul(x, 1), (x: tf.Tensor) => tf.add(x, 2)];
    return [value(made[b! % made.length]!(tensor), bound + 2, exact)];
  },
  (pool, [a]) => {
    const { tensor, bound, exact } = chosen(pool, a!);
    return exact ? [value(tf.square(tensor), bound * bound)] : null;
  },
  (pool, [a]) => {
    const { tensor, exact } = chosen(pool, a!);
    return exact ? [value(tf.sign(tensor), 1)] : null;
  },
  // Maps of two.
  ...[0, 1, 2].map(
    (): Step =>
      (pool, [a, b, c]) => {
        const first = chosen(pool, a!);
        const second = partner(pool, first, b!)!;
        const bound = first.bound + second.bound;
        const sums = [tf.add, tf.sub, tf.maximum, tf.minimum];
        return [value(sums[c! % 4]!(first.tensor, second.tensor), bound, first.exact && second.exact)];
      },
  ),
  (pool, [a, b]) => {
    const first = chosen(pool, a!);
    const second = partner(pool, first, b!)!;
    const exact = first.exact && second.exact;
    return exact ? [value(tf.mul(first.tensor, second.tensor), first.bound * second.bound)] : null;
  },
  (pool, [a, b, c]) => {
    const exact = pool.filter((value) => value.exact);
    const first = chosen(exact, a!);
    const second = partner(exact, first, b!)!;
    return [truth(COMPARISONS[c! % COMPARISONS.length]!(first.tensor, second.tensor))];
  },
  (pool, [a, b, c]) => {
    const first = chosen(pool, a!);
    const same = pool.filter(({ tensor }) => `${tensor.shape}` === `${first.tensor.shape}`);
    const [second, condition] = [
      chosen(same, b!),
      chosen(
        same.filter(({ exact }) => exact),
        c!,
      ),
    ];
    if (!condition) return null;
    const made = tf.where(tf.greater(condition.tensor, 0), first.tensor, second.tensor);
    return [value(made, Math.max(first.bound, second.bound), first.exact && second.exact)];
  },
  // Other ways to see the same numbers.
  ...[0, 1].map(
    (): Step =>
      (pool, [a, b]) => {
        const { tensor, bound, exact } = chosen(pool, a!);
        const shapes = factorings(tensor.size);
        return [value(tf.reshape(tensor, shapes[b! % shapes.length]!), bound, exact)];
      },
  ),
  ...[0, 1, 2].map(
    (): Step =>
      (pool, [a, b]) => {
        const { tensor, bound, exact } = chosen(pool, a!);
        const order = tensor.shape.map((_, i) => i);
        for (let i = order.length - 1, left = b!; i > 0; i--, left = Math.floor(left / 7))
          order.push(...order.splice(left % (i + 1), 1));
        return [value(tf.transpose(tensor, order), bound, exact)];
      },
  ),
  ...[0, 1].map(
    (): Step =>
      (pool, [a, b, c]) => {
        const { tensor, bound, exact } = chosen(pool, a!);
        if (tensor.rank === 0) return null;
        const begin = tensor.shape.map((size, i) => ((b! >> (3 * i)) % size) % 3);
        const size = tensor.shape.map((size, i) => 1 + ((c! >> (3 * i)) % (size - begin[i]!)));
        return [value(tf.slice(tensor, begin, size), bound, exact)];
      },
  ),
  (pool, [a, b]) => {
    const { tensor, bound, exact } = chosen(pool, a!);
    const axis = tensor.shape.findIndex((size) => size > 1);
    if (axis === -1) return null;
    const first = 1 + (b! % (tensor.shape[axis]! - 1));
    const parts = tf.split(tensor, [first, tensor.shape[axis]! - first], axis);
    return parts.map((part) => value(part, bound, exact));
  },
  (pool, [a, b]) => {
    const { tensor, bound, exact } = chosen(pool, a!);
    if (tensor.rank === 0 || tensor.size > 100) return null;
    return [
      value(
        tf.tile(
          tensor,
          tensor.shape.map((_, i) => 1 + ((b! >> i) & 1)),
        ),
        bound,
        exact,
      ),
    ];
  },
  // Reductions.
  ...[0, 1, 2].map(
    (): Step =>
      (pool, [a, b, c]) => {
        const { tensor, bound, exact } = chosen(pool, a!);
        const axes = tensor.shape.flatMap((_, axis) => ((b! >> axis) & 1 ? [axis] : []));
        if (axes.length === 0) return null;
        const keep = (b! & 256) !== 0;
        const [most, least] = [tf.max(tensor, axes, keep), tf.min(tensor, axes, keep)];
        const sum = value(tf.sum(tensor, axes, keep), bound * tensor.size, exact);
        const choices: Value[] = [sum, sum, value(most, bound, exact), value(least, bound, exact)];
        if (c! % 5 === 4) return [value(tf.mean(tensor, axes, keep), bound, false)];
        return [choices[c! % 4]!];
      },
  ),
  // Products of matrices.
  (pool, [a, b, c]) => {
    const exact = pool.filter((value) => value.exact && value.tensor.rank >= 2);
    const first = chosen(exact, a!);
    const transposeA = (c! & 1) === 1;
    const k = first.tensor.shape.at(transposeA ? -2 : -1)!;
    const outer = first.tensor.shape.slice(0, -2);
    const fitting = exact.filter(({ tensor: { shape } }) => {
      return `${shape.slice(0, -2)}` === `${outer}` && shape.slice(-2).includes(k);
    });
    const second = chosen(fitting, b!);
    const transposeB = second.tensor.shape.at(-2) !== k;
    const made = tf.matMul(first.tensor, second.tensor, transposeA, transposeB);
    return [value(made, k * first.bound * second.bound)];
  },
  // Assemblies.
  ...[0, 1, 2].map(
    (): Step =>
      (pool, [a, b, c]) => {
        const first = chosen(pool, a!);
        const { shape, rank, size } = first.tensor;
        if (rank === 0 || size > 400) return null;
        const axis = b! % rank;
        const rest = (of: readonly number[]) => `${of.toSpliced(axis, 1)}`;
        const fitting = pool.filter(
          ({ tensor }) => tensor.rank === rank && rest(tensor.shape) === rest(shape),
        );
        const parts = [
          first,
          ...Array.from({ length: 1 + (c! % 2) }, (_, i) => chosen(fitting, c! >> (4 * i))),
        ];
        const made = tf.concat(
          parts.map(({ tensor }) => tensor),
          axis,
        );
        return [
          value(
            made,
            Math.max(...parts.map(({ bound }) => bound)),
            parts.every(({ exact }) => exact),
          ),
        ];
      },
  ),
  (pool, [a, b]) => {
    const { tensor, bound, exact } = chosen(pool, a!);
    if (tensor.rank === 0 || tensor.size > 400) return null;
    const widths = tensor.shape.map((_, i): [number, number] => [(b! >> i) % 2, (b! >> (i + 4)) % 3]);
    return [value(tf.pad(tensor, widths, b! % 2), bound + 1, exact)];
  },
  (pool, [a, b]) => {
    const first = chosen(pool, a!);
    const same = pool.filter(({ tensor }) => `${tensor.shape}` === `${first.tensor.shape}`);
    const second = chosen(same, b!);
    if (first.tensor.size > 200) return null;
    const made = tf.stack([first.tensor, second.tensor], b! % (first.tensor.rank + 1));
    return [value(made, Math.max(first.bound, second.bound), first.exact && second.exact)];
  },
  // What isn't exact.
  (pool, [a, b]) => {
    const { tensor } = chosen(pool, a!);
    return [value([tf.tanh, tf.sigmoid][b! % 2]!(tensor), 1, false)];
  },
  (pool, [a]) => {
    const { tensor } = chosen(pool, a!);
    return tensor.rank === 0 ? null : [value(tf.softmax(tensor), 1, false)];
  },
  // Random numbers.
  (pool, [a], tape) => {
    const { tensor } = chosen(pool, a!);
    return [truth(tf.greaterEqual(tape.uniform(KEY, tensor.shape), 0.5))];
  },
  // Kernels.
  (pool, [a, b, c]) => {
    const { tensor, bound, exact } = chosen(pool, a!);
    if (tensor.rank === 0 || tensor.size > 200) return null;
    const rows = tensor.shape[0]!;
    const ids = (count: number, most: number) =>
      tf.tensor1d(
        Array.from({ length: count }, (_, i) => (b! + i * (1 + (c! % 5))) % most),
        'int32',
      );
    if (c! % 2 === 0) return [value(tf.gather(tensor, ids(1 + (b! % 7), rows)), bound, exact)];
    const segments = 1 + (b! % 5);
    const sums = tf.unsortedSegmentSum(tensor, ids(rows, segments), segments);
    return [value(sums, bound * rows, exact)];
  },
  (pool, [a, b]) => {
    const { tensor, bound, exact } = chosen(pool, a!);
    if (tensor.rank !== 2 && tensor.rank !== 3) return null;
    const shape = [1, ...tensor.shape, 1].slice(0, 4) as [number, number, number, number];
    const picture = tf.reshape(tensor, shape);
    const stride = 1 + (b! % 2);
    if (exact && b! % 3 > 0) return [value(tf.maxPool(picture as tf.Tensor4D, 2, stride, 'same'), bound)];
    return [value(tf.avgPool(picture as tf.Tensor4D, 2, stride, 'same'), bound, false)];
  },
  (pool, [a, b]) => {
    const pictures = pool.filter(({ tensor, exact }) => exact && tensor.rank === 4);
    const picture = chosen(pictures, a!);
    const [, , , channels] = picture.tensor.shape as [number, number, number, number];
    const filters = pool.filter(({ tensor, exact }) => exact && tensor.size === 4 * 6);
    if (24 % (4 * channels) !== 0 || filters.length === 0) return null;
    const filter = chosen(filters, b!);
    const shape: [number, number, number, number] = [2, 2, channels, 24 / (4 * channels)];
    const reshaped = tf.reshape(filter.tensor, shape);
    const x = picture.tensor as tf.Tensor4D;
    const bound = 24 * picture.bound * filter.bound;
    const convolve = b! % 2 === 0 ? tf.conv2d : tf.depthwiseConv2d;
    return [value(convolve(x, reshaped as tf.Tensor4D, 1 + (b! % 3 === 0 ? 1 : 0), 'same'), bound)];
  },
];

/** Shapes of so many numbers. */
function factorings(size: number): number[][] {
  const divisors = [1, 2, 3, 4, 5, 6, 8, 9, 12].filter((n) => size % n === 0);
  return divisors.flatMap((n) => [
    [n, size / n],
    [size / n, n],
    ...divisors.filter((m) => (size / n) % m === 0).map((m) => [n, m, size / n / m]),
  ]);
}

/** How far a result may be off: not at all where all is whole, which small programs of whole numbers show. */
export const ROOM = 1e-5;

/** The first number that is off, in words; null where all are the same. */
export function difference(
  found: Readonly<Record<string, ArrayLike<number>>>,
  expected: Readonly<Record<string, ArrayLike<number>>>,
): string | null {
  for (const [name, numbers] of Object.entries(expected)) {
    const own = found[name];
    if (own?.length !== numbers.length) return `${name} has ${own?.length} numbers, not ${numbers.length}`;
    for (let i = 0; i < numbers.length; i++) {
      const [a, b] = [own[i]!, numbers[i]!];
      const isWhole = Number.isInteger(b);
      const room = isWhole && Number.isInteger(a) ? 0 : ROOM * Math.max(1, Math.abs(b));
      if (!(Math.abs(a - b) <= room)) return `${name}[${i}] is ${a}, not ${b}`;
    }
  }
  return null;
}
