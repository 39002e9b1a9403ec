/** 1 / (1 + e⁻ˣ) in float64, exact in both tails: σ(−x) is 1 − σ(x) without the cancellation. */
export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** log(1 + eˣ) in float64, which is −log σ(−x); it neither overflows nor loses a small eˣ. */
export function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}
