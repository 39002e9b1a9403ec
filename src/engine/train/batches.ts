import { key } from '../../random.ts';
import type { Position } from '../../spec/trainer.ts';
import { type Batch, type Examples, inputsOf } from './batch.ts';
import type { Objective } from './objectives/objective.ts';
import type { TrainJob } from './train-job.ts';

/**
 * What the step after this position learns from: the `size` examples that `order` has from `start` on, as the
 * objective makes them. It follows from the seed and the position alone, so that training goes on from any
 * checkpoint with the batches that were left.
 */
export function trainingBatch(
  { data, seed }: Pick<TrainJob, 'data' | 'seed'>,
  objective: Objective,
  order: Uint32Array,
  { start, size, at }: { start: number; size: number; at: Position },
): Batch {
  const gather = (rows: Uint32Array, first: number) => data.gather(data.train, rows, first, size, at);
  return objective.makeBatch(gather(order, start), {
    source: data.train,
    rows: order.subarray(start, start + size),
    stream: key(seed, 'objective', at.stage, at.step),
    gather: (rows) => gather(rows, 0),
  });
}

/** A split's batches as an objective makes them to be measured by: the same after every epoch of a stage. */
export function* measuredBatches(
  split: Examples,
  objective: Objective,
  seed: number,
  size: number,
): Generator<Batch> {
  for (let start = 0; start < split.count; start += size) {
    const end = Math.min(split.count, start + size);
    yield objective.makeBatch(examplesBetween(split, start, end), {
      source: split,
      rows: Uint32Array.from({ length: end - start }, (_, i) => start + i),
      stream: key(seed, 'measured', start),
      gather: (rows) => examplesAt(split, rows),
    });
  }
}

function examplesBetween(examples: Examples, start: number, end: number): Batch {
  const { units, y, weights } = examples;
  return {
    count: end - start,
    x: inputsOf(examples, start, end),
    y: y.subarray(start * units, end * units),
    weights: weights?.subarray(start, end),
  };
}

/** The inputs alone: what an objective asks of other examples. */
function examplesAt(examples: Examples, rows: Uint32Array): Batch {
  const { width } = examples;
  const x = new Float32Array(rows.length * width);
  for (const [i, row] of rows.entries()) x.set(inputsOf(examples, row, row + 1), i * width);
  return { count: rows.length, x, y: new Float32Array() };
}
