const BINS = 15;

/**
 * Sums for an expected calibration error over 15 equal bins (Guo et al., arXiv:1706.04599). By bin of
 * probability: Σ (came true − probability), which is all that the error needs.
 */
export function emptyBins(): number[] {
  return new Array<number>(BINS).fill(0);
}

/** Adds one thing that was foretold with this probability. */
export function addToBins(bins: number[], probability: number, cameTrue: boolean): void {
  bins[binOf(probability)]! += Number(cameTrue) - probability;
}

/** @param count how many were added */
export function calibrationError(bins: readonly number[], count: number): number {
  return bins.reduce((sum, difference) => sum + Math.abs(difference), 0) / count;
}

/** Bins are open below and closed above: 1 falls in the last one. What is no number spoils the first. */
function binOf(probability: number): number {
  return Number.isNaN(probability) ? 0 : Math.max(0, Math.ceil(probability * BINS) - 1);
}
