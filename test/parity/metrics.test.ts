import { describe, expect, test } from 'vitest';
import {
  confusionMatrix,
  labelAuc,
  labelConfusions,
  macroAuc,
} from '../../src/engine/train/evaluation-metrics.ts';
import { createMetrics } from '../../src/engine/train/metrics.ts';
import { expectClose, fixture } from './fixture.ts';

interface Metrics {
  classification: {
    truth: number[];
    logits: number[][];
    metrics: Record<string, number>;
    auc: number;
    confusion: number[][];
  }[];
  regression: { std: number; targets: number[]; outputs: number[]; metrics: Record<string, number> };
  topK: { truth: number[]; logits: number[][]; accuracies: Record<string, number> };
  gaussian: { std: number; targets: number[]; outputs: number[][]; metrics: Record<string, number> }[];
  multilabel: {
    truth: number[][];
    logits: number[][];
    metrics: Record<string, number>;
    auc: number;
    /** By label: how often [[not, not], [not, predicted]] and [[true, not], [true, predicted]]. */
    confusions: [[number, number], [number, number]][];
  }[];
}
const { classification, regression, multilabel, gaussian, topK } = fixture<Metrics>('metrics');
const EXACT = { tolerance: 1e-9 };

describe('classification as scikit-learn has it', () => {
  test.each(classification)('with $logits.length examples', (given) => {
    const [count, units] = [given.truth.length, given.logits[0]!.length];
    const outputs = Float32Array.from(given.logits.flat());
    const targets = new Float32Array(count * units);
    for (const [row, label] of given.truth.entries()) targets[row * units + label] = 1;

    const metrics = createMetrics('classification');
    for (let from = 0; from < count; from += 32) {
      const [start, end] = [from * units, (from + 32) * units];
      metrics.add(
        outputs.subarray(start, end),
        targets.subarray(start, end),
        Math.min(32, count - from),
        units,
      );
    }
    expectSame(metrics.result(), given.metrics);
    expectClose([macroAuc(outputs, targets, count, units)], [given.auc], EXACT);
    expect(confusionMatrix(outputs, targets, count, units)).toEqual(given.confusion);
  });
});

test.each(Object.entries(topK.accuracies))(
  'accuracy among the top %s as scikit-learn has it',
  (k, expected) => {
    const { truth, logits } = topK;
    const units = logits[0]!.length;
    const targets = new Float32Array(truth.length * units);
    for (const [row, label] of truth.entries()) targets[row * units + label] = 1;
    const metrics = createMetrics('classification', { topK: Number(k) });
    metrics.add(Float32Array.from(logits.flat()), targets, truth.length, units);
    expectClose([metrics.result().topKAccuracy!], [expected], EXACT);
  },
);

test.each(multilabel)('labels as scikit-learn has them, with AUC $auc', (given) => {
  const [count, units] = [given.truth.length, given.truth[0]!.length];
  const [outputs, targets] = [given.logits, given.truth].map((rows) => Float32Array.from(rows.flat()));
  const metrics = createMetrics('multilabel');
  metrics.add(outputs!, targets!, count, units);
  expectSame(metrics.result(), given.metrics);
  expectClose([labelAuc(outputs!, targets!, count, units)], [given.auc], EXACT);
  expect(labelConfusions(outputs!, targets!, units)).toEqual(
    given.confusions.map(([[trueNegatives, falsePositives], [falseNegatives, truePositives]]) => ({
      truePositives,
      falsePositives,
      falseNegatives,
      trueNegatives,
    })),
  );
});

test('regression as scikit-learn has it, in the target’s units', () => {
  const metrics = createMetrics('regression', { targetStd: regression.std });
  metrics.add(
    Float32Array.from(regression.outputs),
    Float32Array.from(regression.targets),
    regression.targets.length,
    1,
  );
  expectSame(metrics.result(), regression.metrics);
});

test.each(gaussian)('Gaussians as SciPy has them, $outputs.0.length outputs a row', (given) => {
  const metrics = createMetrics('regression', { distribution: 'gaussian', targetStd: given.std });
  for (let from = 0; from < given.targets.length; from += 32) {
    const outputs = given.outputs.slice(from, from + 32);
    const targets = Float32Array.from(given.targets.slice(from, from + 32));
    metrics.add(Float32Array.from(outputs.flat()), targets, targets.length, 1);
  }
  // A mixture's mean is rounded to float32, as every output is.
  expectSame(metrics.result(), given.metrics, { tolerance: given.outputs[0]!.length === 2 ? 1e-9 : 1e-7 });
});

function expectSame(
  found: Record<string, number>,
  expected: Record<string, number>,
  tolerance = EXACT,
): void {
  expect(Object.keys(found).sort()).toEqual(Object.keys(expected).sort());
  for (const [name, value] of Object.entries(expected)) expectClose([found[name]!], [value], tolerance);
}
