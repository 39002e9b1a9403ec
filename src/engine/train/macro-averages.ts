/** By class or label: how often it was rightly predicted, predicted, and true. */
export interface Counts {
  readonly right: readonly number[];
  readonly predicted: readonly number[];
  readonly actual: readonly number[];
}

/** Precision, recall and F1, each the mean over the given classes, 0 where undefined (scikit-learn's macro average). */
export function macroAverages(
  { right, predicted, actual }: Counts,
  classes: readonly number[],
): { precision: number; recall: number; f1: number } {
  const average = (score: (c: number) => number) =>
    classes.reduce((sum, c) => sum + score(c), 0) / classes.length;
  return {
    precision: average((c) => ratio(right[c]!, predicted[c]!)),
    recall: average((c) => ratio(right[c]!, actual[c]!)),
    f1: average((c) => ratio(2 * right[c]!, predicted[c]! + actual[c]!)),
  };
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
