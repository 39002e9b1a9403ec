import type { MetricAccumulator } from './metric-accumulator.ts';

const EMPTY = { count: 0, squaredErrors: 0, absoluteErrors: 0, mean: 0, squaredDeviations: 0 };

/**
 * RMSE, MAE and R² over all that is added and asked for, in the target's own units. The targets' spread is summed by
 * Welford's method (Technometrics 4, 1962), which loses nothing where the mean is large.
 */
export function regressionMetrics(targetStd: number): MetricAccumulator {
  let sums = { ...EMPTY };

  function addOne(output: number, target: number): void {
    const error = output - target;
    sums.squaredErrors += error * error;
    sums.absoluteErrors += Math.abs(error);
    sums.count++;
    const deviation = target - sums.mean;
    sums.mean += deviation / sums.count;
    sums.squaredDeviations += deviation * (target - sums.mean);
  }

  return {
    add: (outputs, targets, count, units, asked) => {
      for (let i = 0; i < count * units; i++) if (asked?.[i] !== 0) addOne(outputs[i]!, targets[i]!);
    },
    result: () => ({
      rmse: targetStd * Math.sqrt(sums.squaredErrors / sums.count),
      mae: targetStd * (sums.absoluteErrors / sums.count),
      r2:
        sums.count === 0
          ? Number.NaN
          : coefficientOfDetermination(sums.squaredErrors, sums.squaredDeviations),
    }),
    state: () => ({ ...sums }),
    restore: (state) => {
      sums = { ...(state as typeof EMPTY) };
    },
  };
}

/** 1 − errors / deviations; where all targets are equal, 1 for no error and 0 else, as scikit-learn has it. */
function coefficientOfDetermination(squaredErrors: number, squaredDeviations: number): number {
  if (squaredDeviations === 0) return squaredErrors === 0 ? 1 : 0;
  return 1 - squaredErrors / squaredDeviations;
}
