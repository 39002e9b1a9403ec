import {
  decodeSafetensors,
  encodeSafetensors,
  type NamedArrays,
  SafetensorsError,
} from '../../safetensors.ts';
import type { Position } from '../../spec/trainer.ts';
import type { EarlyStoppingState } from './callbacks/early-stopping.ts';
import type { MetricsState } from './metric-accumulator.ts';
import type { ScheduleState } from './schedules.ts';

/**
 * Everything that is needed to go on bit for bit. What is random follows from the job's seed and the position,
 * so no generator is saved.
 */
export interface TrainState {
  /** The stage and epoch that training is in, from 1, and how many updates the stage has made. */
  readonly position: Position;
  readonly weights: NamedArrays;
  readonly slots: NamedArrays;
  /** The weights of the best epoch so far, where early stopping is to restore them. */
  readonly best: NamedArrays;
  /** What the epoch has added up so far. */
  readonly epochSums: EpochSums;
  readonly schedule: ScheduleState;
  readonly earlyStopping: EarlyStoppingState | null;
}

export interface EpochSums {
  readonly lossSum: number;
  readonly count: number;
  readonly metrics: MetricsState | null;
}

export const NO_SUMS: EpochSums = { lossSum: 0, count: 0, metrics: null };

const FORMAT = 'trainyard-checkpoint-1';

/** One safetensors file: the arrays under `weights/`, `slots/` and `best/`, the rest as JSON metadata. */
export function encodeCheckpoint({ weights, slots, best, ...rest }: TrainState): Uint8Array {
  return encodeSafetensors({
    tensors: { ...prefix('weights/', weights), ...prefix('slots/', slots), ...prefix('best/', best) },
    metadata: { format: FORMAT, state: JSON.stringify(rest) },
  });
}

/** @throws SafetensorsError for a file that is not a whole checkpoint */
export function decodeCheckpoint(file: Uint8Array): TrainState {
  const { tensors, metadata } = decodeSafetensors(file);
  if (metadata.format !== FORMAT) throw new SafetensorsError('the file is not a Trainyard checkpoint');
  const rest = JSON.parse(metadata.state!) as Omit<TrainState, 'weights' | 'slots' | 'best'>;
  return {
    ...rest,
    weights: under('weights/', tensors),
    slots: under('slots/', tensors),
    best: under('best/', tensors),
  };
}

function prefix(start: string, arrays: NamedArrays): NamedArrays {
  return Object.fromEntries(Object.entries(arrays).map(([name, array]) => [start + name, array]));
}

function under(start: string, arrays: NamedArrays): NamedArrays {
  const entries = Object.entries(arrays).filter(([name]) => name.startsWith(start));
  return Object.fromEntries(entries.map(([name, array]) => [name.slice(start.length), array]));
}
