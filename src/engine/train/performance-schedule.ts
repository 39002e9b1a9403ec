import type { ScheduleSpec } from '../../spec/schedule.ts';
import { improvesUpwards } from './metrics.ts';

type Spec = Extract<ScheduleSpec, { type: 'performance' }>;

/** `best` is null before the first finite value: JSON has no infinity. */
export interface PerformanceState {
  readonly learningRate: number;
  readonly best: number | null;
  readonly wait: number;
}

interface PerformanceSchedule {
  learningRate(): number;
  onEpochEnd(metrics: Readonly<Record<string, number>>): void;
  state(): PerformanceState;
  restore(state: PerformanceState | null): void;
}

/**
 * Multiplies the rate by `factor` when the watched metric has not improved for `patience` epochs, as Keras's
 * `ReduceLROnPlateau`. A value that is not finite is no improvement.
 */
export function followPerformance(spec: Spec, learningRate: number): PerformanceSchedule {
  let state: PerformanceState = { learningRate, best: null, wait: 0 };
  return {
    learningRate: () => state.learningRate,
    onEpochEnd: (metrics) => {
      const value = metrics[spec.monitor];
      if (value === undefined) throw missing(spec.monitor, metrics);
      state = next(spec, state, value);
    },
    state: () => state,
    restore: (saved) => {
      if (saved === null) throw new Error('a performance schedule can’t go on without its saved state');
      state = saved;
    },
  };
}

function next(spec: Spec, state: PerformanceState, value: number): PerformanceState {
  const { learningRate, best } = state;
  if (improves(spec, value, best)) return { learningRate, best: value, wait: 0 };
  const wait = state.wait + 1;
  if (wait < spec.patience) return { learningRate, best, wait };
  // A floor above the rate must not raise it.
  const floor = Math.min(learningRate, spec.minLearningRate);
  return { learningRate: Math.max(learningRate * spec.factor, floor), best, wait: 0 };
}

function improves({ monitor, minDelta }: Spec, value: number, best: number | null): boolean {
  if (!Number.isFinite(value)) return false;
  if (best === null) return true;
  return improvesUpwards(monitor) ? value > best + minDelta : value < best - minDelta;
}

function missing(monitor: string, metrics: Readonly<Record<string, number>>): Error {
  const known = Object.keys(metrics).join(', ') || 'none';
  return new Error(
    `the performance schedule watches “${monitor}”, which this stage doesn’t measure (it has: ${known})`,
  );
}
