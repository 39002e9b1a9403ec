import { argMax, logSumExp } from '../softmax.ts';
import { addToBins, calibrationError, emptyBins } from './calibration.ts';
import { macroAverages } from './macro-averages.ts';
import type { MetricAccumulator } from './metric-accumulator.ts';

interface Tally {
  count: number;
  inTopK: number;
  nll: number;
  /** By class: how often it was right, predicted, and the truth. */
  right: number[];
  predicted: number[];
  actual: number[];
  /** By bin of confidence. */
  overconfidence: number[];
}

/**
 * Accuracy; mean negative log-likelihood in nats; precision, recall and F1 as the mean over the classes that
 * are predicted or true somewhere, 0 where undefined (scikit-learn's macro average); and the expected
 * calibration error over 15 equal bins (Guo et al., arXiv:1706.04599).
 * @param topK also measures how often the truth is among so many likeliest classes
 */
export function classificationMetrics(topK?: number): MetricAccumulator {
  let tally = emptyTally(0);
  return {
    add: (outputs, targets, count, units) => {
      if (tally.count === 0) tally = emptyTally(units);
      for (let row = 0; row < count; row++) {
        const [from, to] = [row * units, (row + 1) * units];
        addOne(tally, outputs.subarray(from, to), argMax(targets.subarray(from, to)), topK);
      }
    },
    result: () => ({
      accuracy: sum(tally.right) / tally.count,
      ...(topK !== undefined && { topKAccuracy: tally.inTopK / tally.count }),
      nll: tally.nll / tally.count,
      ...macroAverages(tally, seenClasses(tally)),
      ece: calibrationError(tally.overconfidence, tally.count),
    }),
    state: () => structuredClone(tally) as unknown as ReturnType<MetricAccumulator['state']>,
    restore: (state) => {
      tally = structuredClone(state) as unknown as Tally;
    },
  };
}

function emptyTally(classes: number): Tally {
  const zeros = (length: number): number[] => new Array<number>(length).fill(0);
  return {
    count: 0,
    inTopK: 0,
    nll: 0,
    right: zeros(classes),
    predicted: zeros(classes),
    actual: zeros(classes),
    overconfidence: emptyBins(),
  };
}

// Of each step's rows, so it takes no memory, and one exponential a class.
function addOne(tally: Tally, logits: Float32Array, actual: number, topK?: number): void {
  const predicted = argMax(logits);
  const total = logSumExp(logits);
  const confidence = Math.exp(logits[predicted]! - total);
  tally.count++;
  tally.nll += total - logits[actual]!;
  tally.predicted[predicted]!++;
  tally.actual[actual]!++;
  if (predicted === actual) tally.right[actual]!++;
  // Among scores of which one is no number, none has a rank.
  if (topK !== undefined && !Number.isNaN(total) && rankOf(actual, logits) < topK) tally.inTopK++;
  addToBins(tally.overconfidence, confidence, predicted === actual);
}

/** How many classes come before this one: the likelier, and of equals the first. */
function rankOf(actual: number, scores: Float32Array): number {
  const own = scores[actual]!;
  return scores.reduce((before, score, c) => {
    const comesAfter = score < own || (score === own && c >= actual);
    return comesAfter ? before : before + 1;
  }, 0);
}

function seenClasses({ predicted, actual }: Tally): number[] {
  return [...predicted.keys()].filter((c) => predicted[c]! + actual[c]! > 0);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
