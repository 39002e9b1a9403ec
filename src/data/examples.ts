/** Encoded rows, ready for the network. */
export interface Examples {
  readonly count: number;
  /** Numbers of `x` in an example. */
  readonly width: number;
  /** [count × width], example by example; or shared by them, where there are offsets. */
  readonly x: Float32Array;
  /** [count]: where in `x` the numbers of each example begin. Windows of a series overlap. */
  readonly offsets?: Uint32Array;
  /**
   * Numbers in a row of `y`: one for a regression, one a class for a classification, one a label, one of pairs;
   * none where the training makes the target of the input.
   */
  readonly units: number;
  /** [count × units]: the standardized target, one-hot classes, labels of 0 and 1, or the number of a pair's group. */
  readonly y: Float32Array;
  /** [count]; every example weighs 1 where there are none. */
  readonly weights?: Float32Array;
}
