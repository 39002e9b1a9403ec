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
  /** An encoded checkpoint; everything told before it is covered by it. */
  onCheckpoint(position: Position, file: Uint8Array): Promise<void>;
}

export interface EpochReport {
  readonly position: Position;
  readonly epochs: number;
  readonly metrics: Record<string, number>;
  readonly progress: number;
  readonly etaSeconds: number | null;
  readonly seconds: number;
}
