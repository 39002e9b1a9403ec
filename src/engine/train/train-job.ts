import type { NamedArrays } from '../../safetensors.ts';
import type { Task } from '../../spec/data.ts';
import type { InputEncoding } from '../../spec/preprocess.ts';
import type { SettledStage } from '../../spec/trainable.ts';
import type { Network } from '../model/network.ts';
import type { TrainingData } from './batch.ts';
import type { CreateExecutor } from './executor.ts';
import type { MetricAccumulator } from './metric-accumulator.ts';

/** What training needs of a job. */
export interface TrainJob {
  readonly network: Network;
  /** Whose penalties are in the loss, where that isn't the network's weights alone. */
  readonly penalized?: Network['weights'];
  /** The weights of layers that come from another model; the others begin at random. */
  readonly reused?: NamedArrays;
  readonly task: Task;
  /** The network that makes examples up, where the stages train one; its weights are the job's too. */
  readonly generator?: Network | undefined;
  /** The columns that an example's numbers come from. */
  readonly inputs: readonly InputEncoding[];
  readonly stages: readonly SettledStage[];
  readonly seed: number;
  readonly data: TrainingData;
  /** A checkpoint after so many seconds of a stage's training, and at every so many of its steps. */
  readonly checkpointsEvery: { readonly seconds: number; readonly steps: number };
  /** What computes the steps: op by op where it is left out. One executor is in use at a time. */
  readonly createExecutor?: CreateExecutor;
  /** A fresh accumulator of the task's metrics, in the target's own units. */
  createMetrics(): MetricAccumulator;
}
