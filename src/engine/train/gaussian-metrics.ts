import { gaussianNll, mixtureNll } from '../gaussian.ts';
import type { MetricAccumulator } from './metric-accumulator.ts';
import { regressionMetrics } from './regression-metrics.ts';

/**
 * RMSE, MAE and R² of the mean, and the mean negative log-likelihood in nats, its constant included; all in the
 * target's own units. An output is one or more Gaussians, each its means and then the logarithms of its variances:
 * what Monte-Carlo passes say together is their equal mixture.
 */
export function gaussianMetrics(targetStd: number): MetricAccumulator {
  const point = regressionMetrics(targetStd);
  let sums = { count: 0, nll: 0 };

  return {
    add: (outputs, targets, count, units) => {
      const width = outputs.length / count;
      const means = new Float32Array(count * units);
      for (const [i, target] of targets.entries()) {
        const row = outputs.subarray(Math.floor(i / units) * width, (Math.floor(i / units) + 1) * width);
        const said = componentsOf(row, i % units, units);
        means[i] = said.means.reduce((sum, mean) => sum + mean, 0) / said.means.length;
        sums.nll += mixtureNll(said.means.map((mean, k) => gaussianNll(target, mean, said.logVariances[k]!)));
        sums.count++;
      }
      point.add(means, targets, count, units);
    },
    result: () => ({ ...point.result(), nll: sums.nll / sums.count + Math.log(targetStd) }),
    state: () => ({ ...point.state(), ...sums }),
    restore: ({ nll, ...rest }) => {
      point.restore(rest);
      sums = { count: rest.count as number, nll: nll as number };
    },
  };
}

/** The Gaussians that a row has for one of its numbers. */
function componentsOf(
  row: Float32Array,
  unit: number,
  units: number,
): { means: Float64Array; logVariances: Float64Array } {
  const every = (from: number) =>
    Float64Array.from({ length: row.length / (2 * units) }, (_, k) => row[2 * units * k + from]!);
  return { means: every(unit), logVariances: every(units + unit) };
}
