import { argMax, logSoftmax } from '../softmax.ts';
import { isPredicted } from './label-metrics.ts';

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
  return averageArea(scores, targets, units);
}

/** The same for labels, each ranked on its own. @param outputs logits [count, units]; @param targets 0 or 1 */
export function labelAuc(outputs: Float32Array, targets: Float32Array, count: number, units: number): number {
  const logits = Array.from({ length: count }, (_, row) => outputs.subarray(row * units, (row + 1) * units));
  return averageArea(logits, targets, units);
}

/** How often a label was told rightly and wrongly, where it is true and where it isn't. */
export interface LabelConfusion {
  truePositives: number;
  falsePositives: number;
  falseNegatives: number;
  trueNegatives: number;
}

/** The confusion of each label over a whole split. @param outputs logits [count, units]; @param targets 0 or 1 */
export function labelConfusions(
  outputs: Float32Array,
  targets: Float32Array,
  units: number,
): LabelConfusion[] {
  const confusions = Array.from({ length: units }, () => ({
    truePositives: 0,
    falsePositives: 0,
    falseNegatives: 0,
    trueNegatives: 0,
  }));
  for (const [i, logit] of outputs.entries()) confusions[i % units]![kindOf(logit, targets[i]!)]++;
  return confusions;
}

function kindOf(logit: number, target: number): keyof LabelConfusion {
  if (isPredicted(logit)) return target > 0.5 ? 'truePositives' : 'falsePositives';
  return target > 0.5 ? 'falseNegatives' : 'trueNegatives';
}

/** @param scores of each row, one a class or label */
function averageArea(scores: readonly ArrayLike<number>[], targets: Float32Array, units: number): number {
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
