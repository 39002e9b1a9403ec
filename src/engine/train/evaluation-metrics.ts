import { argMax, logSoftmax } from '../softmax.ts';

/**
 * How often class `row` was taken for class `column`, over a whole split.
 * @param outputs logits [count, units]; @param targets one-hot [count, units]
 */
export function confusionMatrix(
  outputs: Float32Array,
  targets: Float32Array,
  count: number,
  units: number,
): number[][] {
  const matrix = Array.from({ length: units }, () => new Array<number>(units).fill(0));
  for (let row = 0; row < count; row++) {
    const [from, to] = [row * units, (row + 1) * units];
    matrix[argMax(targets.subarray(from, to))]![argMax(outputs.subarray(from, to))]!++;
  }
  return matrix;
}

/**
 * The area under the ROC curve, each class against the rest, averaged over the classes for which both sides
 * occur; NaN where there is none. Exact: it ranks all the scores, so it wants the whole split at once.
 * @param outputs logits [count, units]; @param targets one-hot [count, units]
 */
export function macroAuc(outputs: Float32Array, targets: Float32Array, count: number, units: number): number {
  const scores = Array.from({ length: count }, (_, row) =>
    logSoftmax(outputs.subarray(row * units, (row + 1) * units)),
  );
  const areas = Array.from({ length: units }, (_, c) =>
    areaUnderCurve(
      Float64Array.from(scores, (row) => row[c]!),
      (row) => targets[row * units + c]! > 0.5,
    ),
  ).filter((area) => !Number.isNaN(area));
  return areas.reduce((sum, area) => sum + area, 0) / areas.length;
}

/**
 * The Mann–Whitney statistic: the share of (positive, negative) pairs in the right order, ties as a half; NaN
 * where a score is none, for it has no rank.
 */
function areaUnderCurve(scores: Float64Array, isPositive: (row: number) => boolean): number {
  if (scores.some(Number.isNaN)) return Number.NaN;
  const order = Uint32Array.from(scores.keys()).sort((a, b) => scores[a]! - scores[b]!);
  let [positives, negatives, pairs] = [0, 0, 0];
  for (let start = 0; start < order.length; ) {
    let [tiedPositives, tiedNegatives, end] = [0, 0, start];
    for (; end < order.length && scores[order[end]!] === scores[order[start]!]; end++) {
      if (isPositive(order[end]!)) tiedPositives++;
      else tiedNegatives++;
    }
    pairs += tiedPositives * (negatives + tiedNegatives / 2);
    positives += tiedPositives;
    negatives += tiedNegatives;
    start = end;
  }
  return pairs / (positives * negatives);
}
