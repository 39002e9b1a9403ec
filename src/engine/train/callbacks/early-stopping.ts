import type { EarlyStopping as EarlyStoppingSpec } from '../../../spec/stage.ts';
import { improvesUpwards } from '../metrics.ts';

export interface EarlyStoppingState {
  /** Null before the first epoch. */
  readonly best: number | null;
  readonly bestEpoch: number;
  /** Epochs since the best one. */
  readonly waited: number;
}

export interface EarlyStopping {
  /** Takes an epoch's metrics. @throws Error where the metric to watch is missing */
  onEpochEnd(epoch: number, metrics: Readonly<Record<string, number>>): { improved: boolean; stop: boolean };
  state(): EarlyStoppingState;
}

/** Ends a stage once the watched metric has not improved by more than `minDelta` for `patience` epochs. */
export function createEarlyStopping(spec: EarlyStoppingSpec, saved?: EarlyStoppingState): EarlyStopping {
  const sign = (spec.mode ? spec.mode === 'max' : improvesUpwards(spec.monitor)) ? -1 : 1;
  let state: EarlyStoppingState = saved ?? { best: null, bestEpoch: 0, waited: 0 };
  return {
    onEpochEnd(epoch, metrics) {
      const value = metrics[spec.monitor];
      if (value === undefined)
        throw new Error(`early stopping watches ${spec.monitor}, which this stage doesn’t have`);
      const improved =
        Number.isFinite(value) && (state.best === null || sign * (state.best - value) > spec.minDelta);
      state = improved
        ? { best: value, bestEpoch: epoch, waited: 0 }
        : { ...state, waited: state.waited + 1 };
      return { improved, stop: state.waited >= spec.patience };
    },
    state: () => state,
  };
}
