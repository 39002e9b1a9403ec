import { createBreather } from '../breathe.ts';
import { type Network, rowsAtOnce } from '../model/network.ts';
import { type Batch, type Examples, inputsOf } from './batch.ts';
import type { Executor } from './executor.ts';
import type { MetricAccumulator } from './metric-accumulator.ts';

const MOST_ROWS_AT_ONCE = 256;

/**
 * The loss (with its penalties) and the metrics of a whole split in inference mode; null when stopped.
 */
export async function evaluateSplit(
  executor: Pick<Executor, 'evaluate'>,
  network: Network,
  split: Examples,
  metrics: MetricAccumulator,
  signal?: AbortSignal,
): Promise<Record<string, number> | null> {
  const breathe = createBreather();
  const fitting = Math.min(MOST_ROWS_AT_ONCE, rowsAtOnce(network));
  let lossSum = 0;
  for (let start = 0; start < split.count; start += fitting) {
    if (signal?.aborted) return null;
    const batch = rows(split, start, Math.min(split.count, start + fitting));
    const { loss, outputs } = await executor.evaluate(batch);
    lossSum += loss * batch.count;
    metrics.add(outputs, batch.y, batch.count, split.units);
    await breathe();
  }
  return { loss: lossSum / split.count, ...metrics.result() };
}

/** The examples from `start` to `end`. */
function rows(examples: Examples, start: number, end: number): Batch {
  const { units, y, weights } = examples;
  return {
    count: end - start,
    x: inputsOf(examples, start, end),
    y: y.subarray(start * units, end * units),
    weights: weights?.subarray(start, end),
  };
}
