/** Some examples, row after row: `x` is `[count, width]`, `y` is `[count, units]`. */
export interface Batch {
  readonly count: number;
  readonly x: Float32Array;
  readonly y: Float32Array;
  /** One weight an example. */
  readonly weights?: Float32Array | undefined;
}

/** The examples of a whole split. */
export interface Examples extends Batch {
  readonly width: number;
  readonly units: number;
}

/** The examples of a job, and how batches are made of them: the same for the same seed, stage and epoch. */
export interface TrainingData {
  readonly train: Examples;
  readonly validation: Examples;
  readonly test: Examples;
  /** The order in which an epoch goes through the training split; stages and epochs count from 1. */
  order(stage: number, epoch: number): Uint32Array;
  /** The rows `order[start] … order[start + size − 1]`, fewer at the end. */
  gather(examples: Examples, order: Uint32Array, start: number, size: number): Batch;
}
