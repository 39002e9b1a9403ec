/** Encoded rows, ready for the network. */
export interface Examples {
  readonly count: number;
  /** Numbers in a row of `x`. */
  readonly width: number;
  /** [count × width], row by row. */
  readonly x: Float32Array;
  /** Numbers in a row of `y`: one for a regression, one a class for a classification, one a label. */
  readonly units: number;
  /** [count × units]: the standardized target, one-hot classes, or labels of 0 and 1. */
  readonly y: Float32Array;
  /** [count]; every example weighs 1 where there are none. */
  readonly weights?: Float32Array;
}
