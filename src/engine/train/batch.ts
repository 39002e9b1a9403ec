/**
 * Some examples, row after row: `x` is `[count, width]`, `y` is `[count, units]`. An objective may give each
 * example several inputs: then `x` has the first of all examples, then the second of all.
 */
export interface Batch {
  readonly count: number;
  readonly x: Float32Array;
  readonly y: Float32Array;
  /** One weight an example. */
  readonly weights?: Float32Array | undefined;
  /** [count, units]: 1 where a number of `y` is asked for, 0 where it isn't; all are where this is left out. */
  readonly asked?: Float32Array | undefined;
  /** [count, latent]: what a generator makes examples of. */
  readonly noise?: Float32Array | undefined;
}

/** The examples of a whole split. */
export interface Examples extends Batch {
  readonly width: number;
  readonly units: number;
  /** Where in `x` each example begins, where they don't lie one after another: windows of a series overlap. */
  readonly offsets?: Uint32Array | undefined;
}

/** The inputs of the examples from `start` to `end`, `[end − start, width]`; copied only where they overlap. */
export function inputsOf({ x, width, offsets }: Examples, start: number, end: number): Float32Array {
  if (!offsets) return x.subarray(start * width, end * width);
  const inputs = new Float32Array((end - start) * width);
  for (let i = start; i < end; i++) {
    inputs.set(x.subarray(offsets[i]!, offsets[i]! + width), (i - start) * width);
  }
  return inputs;
}

/** The examples of a job, and how batches are made of them: the same for the same seed, stage and epoch. */
export interface TrainingData {
  readonly train: Examples;
  readonly validation: Examples;
  readonly test: Examples;
  /** The order in which an epoch goes through the training split; stages and epochs count from 1. */
  order(stage: number, epoch: number): Uint32Array;
  /**
   * The rows `order[start] … order[start + size − 1]`, fewer at the end, as an epoch sees them. Their inputs stand while
   * the next ones are gathered, and no longer.
   */
  gather(
    examples: Examples,
    order: Uint32Array,
    start: number,
    size: number,
    at: { readonly stage: number; readonly epoch: number },
  ): Batch;
  /** Whether an example's numbers change from epoch to epoch. */
  readonly augmented: boolean;
}
