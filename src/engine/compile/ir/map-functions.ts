import type { MapFunction } from './program.ts';

/** What each map function computes, in float64: for folding constants, and the reference of the generated code. */
export const MAP_FUNCTIONS: Readonly<Record<Exclude<MapFunction, 'uniform'>, (...x: number[]) => number>> = {
  copy: (x) => x!,
  neg: (x) => -x!,
  abs: (x) => Math.abs(x!),
  sign: (x) => Math.sign(x!),
  trunc: (x) => Math.trunc(x!),
  sqrt: (x) => Math.sqrt(x!),
  exp: (x) => Math.exp(x!),
  expm1: (x) => Math.expm1(x!),
  log: (x) => Math.log(x!),
  log1p: (x) => Math.log1p(x!),
  sigmoid: (x) => 1 / (1 + Math.exp(-x!)),
  tanh: (x) => Math.tanh(x!),
  erf: (x) => erf(x!),
  add: (a, b) => a! + b!,
  sub: (a, b) => a! - b!,
  mul: (a, b) => a! * b!,
  div: (a, b) => a! / b!,
  max: (a, b) => Math.max(a!, b!),
  min: (a, b) => Math.min(a!, b!),
  gt: (a, b) => Number(a! > b!),
  ge: (a, b) => Number(a! >= b!),
  lt: (a, b) => Number(a! < b!),
  le: (a, b) => Number(a! <= b!),
  eq: (a, b) => Number(a! === b!),
  ne: (a, b) => Number(a! !== b!),
  select: (condition, then, otherwise) => (condition! !== 0 ? then! : otherwise!),
};

/** Abramowitz and Stegun 7.1.26, within 1.5·10⁻⁷: what tfjs computes on all of its backends. */
export const ERF = {
  p: 0.3275911,
  coefficients: [0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429],
} as const;

function erf(x: number): number {
  const t = 1 / (1 + ERF.p * Math.abs(x));
  const sum = ERF.coefficients.reduceRight((total, coefficient) => (total + coefficient) * t, 0);
  return Math.sign(x) * (1 - sum * Math.exp(-x * x));
}
