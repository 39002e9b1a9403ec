import { inverseNormalCdf } from '../random.ts';

/** Gaussians and equal mixtures of them, in float64. */

const LOG_2_PI = Math.log(2 * Math.PI);

/** −log of the density at `y` of the Gaussian with this mean and the variance eˢ, in nats. */
export function gaussianNll(y: number, mean: number, logVariance: number): number {
  return 0.5 * (LOG_2_PI + logVariance + (y - mean) ** 2 * Math.exp(-logVariance));
}

/**
 * −log of the density of an equal mixture, from those of its components: the least of them is taken out before
 * the exponentials, so that none of them is lost.
 */
export function mixtureNll(nlls: Float64Array): number {
  const least = nlls.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  if (!Number.isFinite(least)) return least;
  const sum = nlls.reduce((total, nll) => total + Math.exp(least - nll), 0);
  return least - Math.log(sum / nlls.length);
}

const MOST_STEPS = 100;
const PRECISION = 1e-12;

/**
 * Where the distribution function of an equal mixture of Gaussians is `q`; ∓∞ for 0 and 1. It lies between the
 * components' own quantiles, and is found there by Newton's method, halving where that leaves the bracket.
 */
export function mixtureQuantile(means: Float64Array, stds: Float64Array, q: number): number {
  if (q === 0 || q === 1) return q === 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const z = inverseNormalCdf(q);
  const own = means.map((mean, i) => mean + z * stds[i]!);
  let low = own.reduce((a, b) => Math.min(a, b));
  let high = own.reduce((a, b) => Math.max(a, b));
  const precision = PRECISION * (high - low);
  let y = own.reduce((sum, quantile) => sum + quantile / own.length, 0);
  for (let step = 0; step < MOST_STEPS && low < high; step++) {
    const { below, density } = mixtureAt(means, stds, y);
    if (below === q) return y;
    if (below > q) high = y;
    else low = y;
    const newton = y - (below - q) / density;
    const next = newton >= low && newton <= high ? newton : (low + high) / 2;
    if (Math.abs(next - y) <= precision) return next;
    y = next;
  }
  return y;
}

/** The mixture's distribution function and density. */
function mixtureAt(means: Float64Array, stds: Float64Array, y: number): { below: number; density: number } {
  let [below, density] = [0, 0];
  for (let i = 0; i < means.length; i++) {
    const std = stds[i]!;
    const z = (y - means[i]!) / std;
    below += normalCdf(z);
    density += Math.exp(-0.5 * (z * z + LOG_2_PI)) / std;
  }
  return { below: below / means.length, density: density / means.length };
}

/**
 * The standard normal's distribution function, within 10⁻¹⁵, by J. F. Hart's rational approximation (1968)
 * as G. West gives it (Better approximations to cumulative normal functions, Wilmott, May 2005).
 */
export function normalCdf(z: number): number {
  const distance = Math.abs(z);
  const tail = distance > 37 ? 0 : Math.exp(-0.5 * z * z) * millsRatio(distance);
  return z > 0 ? 1 - tail : tail;
}

/** The tail beyond `z` ≥ 0 over e^(−z²/2). */
function millsRatio(z: number): number {
  if (z < SWITCH) return polynomial(NUMERATOR, z) / polynomial(DENOMINATOR, z);
  const fraction = [4, 3, 2, 1].reduce((below, k) => z + k / below, z + 0.65);
  return 1 / (fraction * Math.sqrt(2 * Math.PI));
}

function polynomial(coefficients: readonly number[], z: number): number {
  let sum = 0;
  for (const coefficient of coefficients) sum = sum * z + coefficient;
  return sum;
}

const SWITCH = 7.07106781186547;
// Highest power first.
const NUMERATOR = [
  3.52624965998911e-2, 0.700383064443688, 6.37396220353165, 33.912866078383, 112.079291497871,
  221.213596169931, 220.206867912376,
];
const DENOMINATOR = [
  8.83883476483184e-2, 1.75566716318264, 16.064177579207, 86.7807322029461, 296.564248779674,
  637.333633378831, 793.826512519948, 440.413735824752,
];
