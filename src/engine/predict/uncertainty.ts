import { mixtureQuantile } from '../gaussian.ts';

/**
 * What samples of a prediction say of it. Standard deviations are those of the samples themselves (divided by
 * their number), as in Gal and Ghahramani 2016; entropies are in nats.
 */

export interface RegressionSummary {
  readonly mean: number;
  readonly std: number;
  readonly quantiles: readonly number[];
}

/** Mean, standard deviation and quantiles of one input's samples. */
export function summarizeNumbers(samples: Float64Array, quantiles: readonly number[]): RegressionSummary {
  const mean = average(samples);
  const sorted = Float64Array.from(samples).sort();
  return {
    mean,
    std: Math.sqrt(average(samples.map((value) => (value - mean) ** 2))),
    quantiles: quantiles.map((q) => quantile(sorted, q)),
  };
}

export interface GaussianSummary extends RegressionSummary {
  /** What the passes expect of noise in the data: the root of their mean variance. */
  readonly aleatoricStd: number;
  /** How far the passes' means lie apart. */
  readonly epistemicStd: number;
}

/**
 * Sums up the equal mixture of one input's Gaussians. By the law of total variance its variance is the mean of
 * theirs and the variance of their means; its quantiles are where its distribution function has those values.
 * @param samples each sample's mean and standard deviation
 */
export function summarizeGaussians(
  samples: readonly Float64Array[],
  quantiles: readonly number[],
): GaussianSummary {
  const [means, stds] = [0, 1].map((i) => Float64Array.from(samples, (sample) => sample[i]!)) as [
    Float64Array,
    Float64Array,
  ];
  const { mean, std: epistemicStd } = summarizeNumbers(means, []);
  const aleatoricStd = Math.sqrt(average(stds.map((std) => std ** 2)));
  return {
    mean,
    std: Math.hypot(aleatoricStd, epistemicStd),
    aleatoricStd,
    epistemicStd,
    quantiles: quantiles.map((q) => mixtureQuantile(means, stds, q)),
  };
}

/** The quantile of sorted numbers, with linear interpolation (Hyndman and Fan's type 7, numpy's default). */
export function quantile(sorted: Float64Array, q: number): number {
  const position = (sorted.length - 1) * q;
  const below = sorted[Math.floor(position)]!;
  const above = sorted[Math.ceil(position)]!;
  return below + (above - below) * (position - Math.floor(position));
}

export interface ProbabilitySummary {
  /** The mean of the samples' probabilities, one a class or label. */
  readonly probabilities: Float64Array;
  readonly probabilitiesStd: Float64Array;
  /** H[E p]: all uncertainty. */
  readonly predictiveEntropy: number;
  /** E[H p]: what is in the data. */
  readonly expectedEntropy: number;
  /** Their difference: what the model does not know (Houlsby et al. 2011, BALD). */
  readonly mutualInformation: number;
}

/**
 * @param samples each sample's probabilities, one a class or label
 * @param entropyOf the entropy of such probabilities: `entropy` for classes, `labelEntropy` for labels
 */
export function summarizeProbabilities(
  samples: readonly Float64Array[],
  entropyOf: (probabilities: Float64Array) => number = entropy,
): ProbabilitySummary {
  const probabilities = meanOf(samples);
  const probabilitiesStd = stdOf(samples, probabilities);
  const predictiveEntropy = entropyOf(probabilities);
  let entropies = 0;
  for (const sample of samples) entropies += entropyOf(sample);
  const expectedEntropy = entropies / samples.length;
  // Rounding may take the difference a hair below zero, which mutual information can't be.
  const mutualInformation = Math.max(0, predictiveEntropy - expectedEntropy);
  return { probabilities, probabilitiesStd, predictiveEntropy, expectedEntropy, mutualInformation };
}

/** The entropy of a distribution in nats; 0 · log 0 is 0. */
export function entropy(probabilities: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < probabilities.length; i++) sum -= timesLog(probabilities[i]!);
  return sum;
}

/** The entropy of labels in nats: the sum of each one's own, for they are independent given the network. */
export function labelEntropy(probabilities: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < probabilities.length; i++) {
    sum -= timesLog(probabilities[i]!) + timesLog(1 - probabilities[i]!);
  }
  return sum;
}

/** p · log p; what is no number stays none. */
function timesLog(p: number): number {
  return p === 0 ? 0 : p * Math.log(p);
}

/** The mean of the samples, number by number. */
export function meanOf(samples: readonly Float64Array[]): Float64Array {
  const sums = new Float64Array(samples[0]!.length);
  for (const sample of samples) for (let i = 0; i < sums.length; i++) sums[i]! += sample[i]!;
  return sums.map((sum) => sum / samples.length);
}

/** The standard deviation of the samples, number by number. */
function stdOf(samples: readonly Float64Array[], means: Float64Array): Float64Array {
  const squares = new Float64Array(means.length);
  for (const sample of samples) {
    for (let i = 0; i < means.length; i++) squares[i]! += (sample[i]! - means[i]!) ** 2;
  }
  return squares.map((sum) => Math.sqrt(sum / samples.length));
}

function average(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}
