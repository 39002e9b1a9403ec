import type { NamedArrays } from '../../safetensors.ts';
import type { LayerKeys } from '../model/random-source.ts';
import type { Moment } from '../optimize/transform.ts';
import type { Batch } from './batch.ts';
import type { StepProgram } from './train-step.ts';

export interface StepReport {
  readonly loss: number;
  readonly gradientNorm: number;
  /** What the network put out for the batch, `[count, units]`, before the update. */
  readonly outputs: Float32Array;
  /** Of a GAN, the generator's loss, and the norm of its gradients. */
  readonly nextLoss?: number;
  readonly nextGradientNorm?: number;
}

/** A gradient can overflow though every loss is finite. */
export function staysFinite({ loss, gradientNorm, nextLoss = 0, nextGradientNorm = 0 }: StepReport): boolean {
  return [loss, gradientNorm, nextLoss, nextGradientNorm].every(Number.isFinite);
}

/** Where the numbers of a step first left the finite range. */
export interface NonFinite {
  readonly layer: string;
  readonly what: 'a weight' | 'an output' | 'the loss';
}

/**
 * Runs the steps of one stage and holds its weights and optimizer slots. The eager executor calls the pure
 * training step; others may record and compile it, and must give what it gives.
 */
export interface Executor {
  load(state: ExecutorState): void;
  /** One update. A step that isn't finite changes nothing and answers where. */
  step(batch: Batch, moment: Moment): Promise<StepReport | { nonFinite: NonFinite }>;
  /** The loss with its penalties, and the outputs, in inference mode. */
  evaluate(batch: Batch): Promise<{ loss: number; outputs: Float32Array }>;
  save(): Promise<ExecutorState>;
  dispose(): void;
}

/** Makes the executor of a stage; it begins when its state is loaded. */
export type CreateExecutor = (program: StepProgram, keysAt: (step: number) => LayerKeys) => Executor;

export interface ExecutorState {
  readonly weights: NamedArrays;
  readonly slots: NamedArrays;
}
