/** Sums metrics over an epoch or a whole split, batch by batch, in float64. */
export interface MetricAccumulator {
  /**
   * @param outputs [count, units], row after row: logits, or standardized values. For probabilities pass their
   *   logarithms, which softmax gives back; for those of labels the logarithms of their odds. Of a Gaussian
   *   [count, components · 2 · units]: the means and the logarithms of the variances of each component.
   * @param targets [count, units]: one-hot, labels of 0 and 1, or standardized
   * @param asked [count, units]: 1 where a number counts, else 0; only a reconstruction's may not
   */
  add(outputs: Float32Array, targets: Float32Array, count: number, units: number, asked?: Float32Array): void;
  /** The metrics of all that was added; NaN for nothing. */
  result(): Record<string, number>;
  /** What a checkpoint in the middle of an epoch keeps, as plain JSON. */
  state(): MetricsState;
  restore(state: MetricsState): void;
}
export type MetricsState = Readonly<Record<string, number | readonly number[]>>;
