import { ERF } from '../ir/map-functions.ts';
import type { MapFunction } from '../ir/program.ts';
import { apply, type Body } from './body.ts';
import { type Code, i32, OP, simd } from './wasm.ts';

/** Code that computes a map function of four numbers at a time; its operands are read as often as needed. */
export type Emit = (body: Body, ...operands: Code[]) => Code;

/** Comparisons set all bits of the lanes in which they hold. */
export const COMPARISONS = { gt: OP.gt, ge: OP.ge, lt: OP.lt, le: OP.le, eq: OP.eq, ne: OP.ne } as const;

export function isComparison(fn: MapFunction): fn is keyof typeof COMPARISONS {
  return fn in COMPARISONS;
}

type Computed = Exclude<MapFunction, 'uniform' | 'select' | keyof typeof COMPARISONS>;

export const VECTOR_MATH: Readonly<Record<Computed, Emit>> = {
  copy: (_body, x) => x!,
  neg: (_body, x) => apply(OP.neg, x!),
  abs: (_body, x) => apply(OP.abs, x!),
  sign: (body, x) => {
    const sign = apply(OP.and, x!, body.integer(-0x80000000));
    const nonzero = apply(OP.and, apply(OP.ne, x!, body.number(0)), body.number(1));
    // What is no number stays none: 1 or 0, less x, plus x.
    return apply(OP.or, apply(OP.or, nonzero, sign), nan(body, x!));
  },
  trunc: (_body, x) => apply(OP.trunc, x!),
  sqrt: (_body, x) => apply(OP.sqrt, x!),
  exp: (body, x) => exponential(body, x!, false),
  expm1: (body, x) => exponential(body, x!, true),
  log: (body, x) => logarithm(body, x!),
  log1p: (body, x) => {
    // Corrected by what 1 + x lost of x (Higham, Accuracy and stability of numerical algorithms, 1.14.1).
    const one = body.number(1);
    const whole = body.let(apply(OP.add, x!, one));
    const lost = apply(OP.sub, x!, apply(OP.sub, whole, one));
    const correction = body.let(apply(OP.div, lost, whole));
    // Of −1 and infinity the logarithm says all.
    return apply(OP.add, logarithm(body, whole), number(correction));
  },
  sigmoid: (body, x) => {
    const one = body.number(1);
    const exp = exponential(body, body.let(apply(OP.neg, x!)), false);
    return apply(OP.div, one, apply(OP.add, one, exp));
  },
  tanh: (body, x) => tangent(body, x!),
  erf: (body, x) => errorFunction(body, x!),
  add: (_body, a, b) => apply(OP.add, a!, b!),
  sub: (_body, a, b) => apply(OP.sub, a!, b!),
  mul: (_body, a, b) => apply(OP.mul, a!, b!),
  div: (_body, a, b) => apply(OP.div, a!, b!),
  max: (_body, a, b) => apply(OP.max, a!, b!),
  min: (_body, a, b) => apply(OP.min, a!, b!),
};

/** x where it is no number, else 0. */
function nan(_body: Body, x: Code): Code {
  return apply(OP.and, x, apply(OP.ne, x, x));
}

/** x where it is a number, else 0. */
function number(x: Code): Code {
  return apply(OP.and, x, apply(OP.eq, x, x));
}

function shifted(opcode: number, vector: Code, bits: number): Code {
  return [...vector, ...i32(bits), ...simd(opcode)];
}

/** ((c₀·x + c₁)·x + …). */
function polynomial(body: Body, x: Code, coefficients: readonly number[]): Code {
  const [first, ...others] = coefficients as [number, ...number[]];
  return others.reduce(
    (sum: Code, coefficient) => apply(OP.add, apply(OP.mul, sum, x), body.number(coefficient)),
    body.number(first),
  );
}

/** log 2 in two parts: the first has so few digits that its products with whole numbers are exact. */
const LOG_2 = [0.693359375, -2.12194440054691e-4] as const;
// Cephes, expf.c: (e^r − 1 − r) / r² on ±½ log 2, highest power first.
const EXP = [
  1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1,
];

/** Below it e^x is no normal number, and is taken for 0. */
const LEAST_EXPONENT = -87.33654;

/** e^x, or e^x − 1 without the cancellation near 0: 2ⁿ·e^r, where n is a whole number and |r| ≤ ½ log 2. */
function exponential(body: Body, x: Code, lessOne: boolean): Code {
  const n = body.let(apply(OP.nearest, apply(OP.mul, x, body.number(Math.LOG2E))));
  const high = apply(OP.sub, x, apply(OP.mul, n, body.number(LOG_2[0])));
  const r = body.let(apply(OP.sub, high, apply(OP.mul, n, body.number(LOG_2[1]))));
  const square = apply(OP.mul, r, r);
  const rest = body.let(apply(OP.add, apply(OP.mul, polynomial(body, r, EXP), square), r));
  const scaled = lessOne ? scaledLessOne(body, rest, n) : scaledUp(apply(OP.add, rest, body.number(1)), n);
  const low = body.number(lessOne ? -1 : 0);
  const within = apply(OP.choose, low, scaled, apply(OP.lt, x, body.number(LEAST_EXPONENT)));
  return apply(
    OP.choose,
    body.number(Number.POSITIVE_INFINITY),
    within,
    apply(OP.gt, x, body.number(88.72283)),
  );
}

/** 2ⁿ·m, of an m near 1: n is added to its exponent. */
function scaledUp(m: Code, n: Code): Code {
  return apply(OP.addInt, m, shifted(OP.shiftLeft, apply(OP.toInt, n), 23));
}

/** 2ⁿ·m + (2ⁿ − 1), of twice 2ⁿ⁻¹: 2ⁿ itself can be too great though the result isn't. */
function scaledLessOne(body: Body, m: Code, n: Code): Code {
  const half = body.number(0.5);
  const power = body.let(scaledUp(half, n));
  const sum = body.let(apply(OP.add, apply(OP.mul, power, m), apply(OP.sub, power, half)));
  return apply(OP.add, sum, sum);
}

// Cephes, logf.c: highest power first.
const LOG = [
  7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
  2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
];

/** log x = e·log 2 + log m, where x is m·2ᵉ and √½ ≤ m < √2. */
function logarithm(body: Body, x: Code): Code {
  // Of less than 2⁻¹²⁶ the exponent doesn't say all.
  const isDenormal = body.let(apply(OP.lt, x, body.number(2 ** -126)));
  const normal = body.let(apply(OP.choose, apply(OP.mul, x, body.number(2 ** 23)), x, isDenormal));
  const raised = apply(OP.and, isDenormal, body.integer(23));
  const bits = apply(OP.subInt, shifted(OP.shiftRight, normal, 23), raised);
  const exponent = apply(OP.fromInt, apply(OP.subInt, bits, body.integer(126)));
  const half = apply(OP.or, apply(OP.and, normal, body.integer(0x007fffff)), body.number(0.5));
  const fraction = body.let(half);
  const isSmall = body.let(apply(OP.lt, fraction, body.number(Math.SQRT1_2)));
  const one = body.number(1);
  const e = body.let(apply(OP.sub, exponent, apply(OP.and, isSmall, one)));
  const doubled = apply(OP.add, fraction, apply(OP.and, fraction, isSmall));
  const m = body.let(apply(OP.sub, doubled, one));
  const square = body.let(apply(OP.mul, m, m));
  const cubed = apply(OP.mul, apply(OP.mul, polynomial(body, m, LOG), m), square);
  const low = apply(OP.add, cubed, apply(OP.mul, e, body.number(LOG_2[1])));
  const middle = apply(OP.sub, low, apply(OP.mul, square, body.number(0.5)));
  const finite = apply(OP.add, apply(OP.add, middle, m), apply(OP.mul, e, body.number(LOG_2[0])));
  const infinity = body.number(Number.POSITIVE_INFINITY);
  const bounded = apply(OP.choose, infinity, finite, apply(OP.eq, x, infinity));
  const zero = body.number(0);
  const above = apply(OP.choose, body.number(Number.NEGATIVE_INFINITY), bounded, apply(OP.eq, x, zero));
  const isNone = apply(OP.or, apply(OP.lt, x, zero), apply(OP.ne, x, x));
  return apply(OP.choose, body.number(Number.NaN), above, isNone);
}

// Eigen, generic_fast_tanh_float: an odd polynomial over an even one, on ±TANH_BOUND; highest power first.
const TANH_BOUND = 7.905311107635498;
const TANH_NUMERATOR = [
  -2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-8,
  1.48572235717979e-5, 6.37261928875436e-4, 4.89352455891786e-3,
];
const TANH_DENOMINATOR = [1.19825839466702e-6, 1.18534705686654e-4, 2.268434632439e-3, 4.89352518554385e-3];

function tangent(body: Body, x: Code): Code {
  // The pseudo-maximum takes its first operand unless that is less: what is no number goes through.
  const above = apply(OP.pseudoMax, x, body.number(-TANH_BOUND));
  const bounded = body.let(apply(OP.pseudoMin, above, body.number(TANH_BOUND)));
  const square = body.let(apply(OP.mul, bounded, bounded));
  const numerator = apply(OP.mul, bounded, polynomial(body, square, TANH_NUMERATOR));
  const ratio = apply(OP.div, numerator, polynomial(body, square, TANH_DENOMINATOR));
  const isTiny = apply(OP.lt, apply(OP.abs, x), body.number(4e-4));
  return apply(OP.choose, x, ratio, isTiny);
}

function errorFunction(body: Body, x: Code): Code {
  const one = body.number(1);
  const size = body.let(apply(OP.abs, x));
  const t = body.let(apply(OP.div, one, apply(OP.add, one, apply(OP.mul, size, body.number(ERF.p)))));
  const sum = apply(OP.mul, polynomial(body, t, ERF.coefficients.toReversed()), t);
  const tail = apply(
    OP.mul,
    body.let(sum),
    exponential(body, body.let(apply(OP.neg, apply(OP.mul, x, x))), false),
  );
  const sign = apply(OP.and, x, body.integer(-0x80000000));
  return apply(OP.xor, apply(OP.sub, one, tail), sign);
}

/**
 * Uniform in [0, 1): element `index` of the stream, as `random.ts` has it (Wellons' lowbias32, twice).
 * @param index integers
 */
export function uniform(body: Body, first: Code, second: Code, index: Code): Code {
  const start = apply(OP.xor, apply(OP.mulInt, index, body.integer(0x9e3779b1 | 0)), first);
  const between = apply(OP.addInt, mix(body, start), second);
  const bits = mix(body, between);
  return apply(OP.mul, apply(OP.fromInt, shifted(OP.shiftRight, bits, 8)), body.number(1 / 16777216));
}

function mix(body: Body, word: Code): Code {
  const a = body.let(word);
  const b = body.let(apply(OP.mulInt, folded(a, 16), body.integer(0x7feb352d)));
  const c = body.let(apply(OP.mulInt, folded(b, 15), body.integer(0x846ca68b | 0)));
  return folded(c, 16);
}

function folded(word: Code, bits: number): Code {
  return apply(OP.xor, word, shifted(OP.shiftRight, word, bits));
}
