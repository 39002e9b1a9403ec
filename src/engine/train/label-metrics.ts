import { sigmoid, softplus } from '../sigmoid.ts';
import { addToBins, calibrationError, emptyBins } from './calibration.ts';
import { macroAverages } from './macro-averages.ts';
import type { MetricAccumulator, MetricsState } from './metric-accumulator.ts';

interface Tally {
  rows: number;
  /** Labels in all the rows, and how many of them were told rightly. */
  count: number;
  correct: number;
  /** Rows that had every label right. */
  exact: number;
  nll: number;
  /** By label: how often it was rightly predicted, predicted, and true. */
  right: number[];
  predicted: number[];
  actual: number[];
  bins: number[];
}

/** A label is predicted where its probability is ½ or more, which is where its logit isn’t negative. */
export function isPredicted(logit: number): boolean {
  return logit >= 0;
}

/**
 * Over all labels of all rows: accuracy (Keras's `binary_accuracy`), mean negative log-likelihood in nats, and the
 * expected calibration error of the labels' probabilities (over the bins of scikit-learn's `calibration_curve`).
 * Over rows: `exactMatch`, the share with every label right. Precision, recall and F1 as the mean over all labels,
 * 0 where undefined (scikit-learn's macro average).
 */
export function labelMetrics(): MetricAccumulator {
  let tally = emptyTally(0);
  return {
    add: (outputs, targets, count, units) => {
      if (tally.rows === 0) tally = emptyTally(units);
      for (let row = 0; row < count; row++) {
        const [from, to] = [row * units, (row + 1) * units];
        addRow(tally, outputs.subarray(from, to), targets.subarray(from, to));
      }
    },
    result: () => ({
      accuracy: tally.correct / tally.count,
      exactMatch: tally.exact / tally.rows,
      nll: tally.nll / tally.count,
      ...macroAverages(tally, [...tally.right.keys()]),
      ece: calibrationError(tally.bins, tally.count),
    }),
    state: () => structuredClone(tally) as unknown as MetricsState,
    restore: (state) => {
      tally = structuredClone(state) as unknown as Tally;
    },
  };
}

/** The same of the one label that a pair has: whether both are of one kind. */
export function pairMetrics(): MetricAccumulator {
  const metrics = labelMetrics();
  return {
    ...metrics,
    result: () => {
      const { exactMatch: _, ...rest } = metrics.result();
      return rest;
    },
  };
}

function emptyTally(labels: number): Tally {
  const zeros = () => new Array<number>(labels).fill(0);
  return {
    rows: 0,
    count: 0,
    correct: 0,
    exact: 0,
    nll: 0,
    right: zeros(),
    predicted: zeros(),
    actual: zeros(),
    bins: emptyBins(),
  };
}

function addRow(tally: Tally, logits: Float32Array, targets: Float32Array): void {
  let correct = 0;
  for (const [label, logit] of logits.entries()) {
    const [predicted, actual] = [isPredicted(logit), targets[label]! > 0.5];
    tally.nll += softplus(actual ? -logit : logit);
    addToBins(tally.bins, sigmoid(logit), actual);
    if (predicted) tally.predicted[label]!++;
    if (actual) tally.actual[label]!++;
    if (predicted && actual) tally.right[label]!++;
    if (predicted === actual) correct++;
  }
  tally.rows++;
  tally.count += logits.length;
  tally.correct += correct;
  if (correct === logits.length) tally.exact++;
}
