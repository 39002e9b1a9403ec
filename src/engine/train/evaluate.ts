import { createBreather } from '../breathe.ts';
import { rowsAtOnce } from '../model/network.ts';
import type { Batch, Examples } from './batch.ts';
import { measuredBatches } from './batches.ts';
import type { Executor } from './executor.ts';
import type { MetricAccumulator } from './metric-accumulator.ts';
import type { Objective } from './objectives/objective.ts';
import type { TrainJob } from './train-job.ts';

const MOST_ROWS_AT_ONCE = 256;

/**
 * The loss (with its penalties) and the metrics over all batches of a split in inference mode; null when stopped.
 */
export async function evaluateSplit(
  executor: Pick<Executor, 'evaluate'>,
  batches: Iterable<Batch>,
  metrics: MetricAccumulator,
  { signal, onBatch }: EvaluationOptions = {},
): Promise<Record<string, number> | null> {
  const breathe = createBreather();
  let [lossSum, count] = [0, 0];
  for (const batch of batches) {
    if (signal?.aborted) return null;
    const { loss, outputs } = await executor.evaluate(batch);
    lossSum += loss * batch.count;
    count += batch.count;
    metrics.add(outputs, batch.y, batch.count, batch.y.length / batch.count, batch.asked);
    onBatch?.(outputs, batch);
    await breathe();
  }
  return { loss: lossSum / count, ...metrics.result() };
}

export interface EvaluationOptions {
  readonly signal?: AbortSignal;
  /** Sees what the network said of each batch. */
  readonly onBatch?: (outputs: Float32Array, batch: Batch) => void;
}

/** A split's batches as the stage's objective makes them, small enough for memory. */
export function batchesToMeasure(
  { network, seed }: Pick<TrainJob, 'network' | 'seed'>,
  objective: Objective,
  split: Examples,
): Iterable<Batch> {
  const fitting = Math.min(MOST_ROWS_AT_ONCE, rowsAtOnce(network));
  return measuredBatches(split, objective, seed, fitting);
}
