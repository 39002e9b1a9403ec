import type { NamedArrays } from '../../safetensors.ts';
import type { Position, ProgressReport } from '../../spec/trainer.ts';

/** What training tells of itself as it goes. Awaited, so that a slow listener slows training, not memory. */
export interface TrainEvents {
  onStage(stage: {
    stage: number;
    name: string;
    stages: number;
    epochs: number;
    stepsPerEpoch: number;
    /** So many of the lowest layers are frozen, and what they make of each example is computed once. */
    cachedLayers: number;
  }): Promise<void>;
  /** A few times a second, and before a checkpoint, a finding, and the end of a stage. */
  onProgress(report: ProgressReport): Promise<void>;
  /** A stage ended with these weights, those of a generator among them. */
  onStageEnd(stage: number, weights: NamedArrays): Promise<void>;
  /** A stage ended before its last epoch, or with an earlier one's weights. */
  onEarlyStopping(stopping: EarlyStoppingReport): Promise<void>;
  /** What a learning-rate range test found. */
  onLearningRate(finding: LearningRateFinding): Promise<void>;
  /** An encoded checkpoint; everything told before it is covered by it. */
  onCheckpoint(position: Position, file: Uint8Array): Promise<void>;
}

export interface EarlyStoppingReport {
  readonly stage: number;
  /** The epoch after which it stopped. */
  readonly epoch: number;
  readonly bestEpoch: number;
  readonly monitor: string;
  /** The watched metric's best value; null where it never was finite. */
  readonly best: number | null;
  /** Whether the stage's weights are the best epoch's. */
  readonly restored: boolean;
}

/** What a learning-rate range test says. */
export interface LearningRateFinding {
  readonly stage: number;
  readonly steps: number;
  /**
   * A tenth of the rate at which the smoothed loss is least: the one to take, or 1cycle's maximum. Null where the
   * loss never fell by more than its noise.
   */
  readonly suggested: number | null;
  /** Whether the loss climbed again within the range; else a greater rate may do too. */
  readonly climbed: boolean;
  readonly curve: readonly LearningRatePoint[];
}

export interface LearningRatePoint {
  readonly learningRate: number;
  readonly loss: number;
  readonly smoothedLoss: number;
}
