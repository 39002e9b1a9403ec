import type { MetricPoint, Position } from '../../spec/trainer.ts';

/** What training tells of itself as it goes. Awaited, so that a slow listener slows training, not memory. */
export interface TrainEvents {
  onStage(stage: {
    stage: number;
    name: string;
    stages: number;
    epochs: number;
    stepsPerEpoch: number;
  }): Promise<void>;
  onMetrics(points: MetricPoint[]): Promise<void>;
  onProgress(progress: {
    position: Position;
    detail: string;
    progress: number;
    etaSeconds: number | null;
  }): Promise<void>;
  onEpoch(epoch: EpochReport): Promise<void>;
  /** What a learning-rate range test found. */
  onLearningRate(finding: LearningRateFinding): Promise<void>;
  /** An encoded checkpoint; everything told before it is covered by it. */
  onCheckpoint(position: Position, file: Uint8Array): Promise<void>;
}

/** What a learning-rate range test says; a rate is null where the loss never fell. */
export interface LearningRateFinding {
  readonly stage: number;
  readonly steps: number;
  /** A tenth of the rate at which the smoothed loss is least: the one to take, or 1cycle's maximum. */
  readonly suggested: number | null;
  /** Where the smoothed loss falls fastest over the logarithm of the rate. */
  readonly steepest: number | null;
  readonly curve: readonly LearningRatePoint[];
}

export interface LearningRatePoint {
  readonly learningRate: number;
  readonly loss: number;
  readonly smoothedLoss: number;
}

export interface EpochReport {
  readonly position: Position;
  readonly epochs: number;
  readonly metrics: Record<string, number>;
  readonly progress: number;
  readonly etaSeconds: number | null;
  readonly seconds: number;
}
