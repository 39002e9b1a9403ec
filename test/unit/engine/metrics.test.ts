import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  confusionMatrix,
  labelAuc,
  labelConfusions,
  macroAuc,
} from '../../../src/engine/train/evaluation-metrics.ts';
import { createMetrics, improvesUpwards } from '../../../src/engine/train/metrics.ts';
import { metricNames } from '../../../src/spec/metric-names.ts';

const oneHot = (labels: readonly number[], units: number) =>
  Float32Array.from(labels.flatMap((label) => Array.from({ length: units }, (_, c) => Number(c === label))));

describe('classification', () => {
  const result = (logits: readonly number[][], labels: readonly number[]) => {
    const metrics = createMetrics('classification');
    const units = logits[0]!.length;
    metrics.add(Float32Array.from(logits.flat()), oneHot(labels, units), labels.length, units);
    return metrics.result();
  };

  test('by hand', () => {
    const found = result(
      [
        [0, Math.log(3)],
        [0, Math.log(3)],
        [Math.log(3.5), 0],
      ],
      [1, 0, 0],
    );
    expect(found.accuracy).toBeCloseTo(2 / 3, 12);
    expect(found.nll).toBeCloseTo(-(Math.log(3 / 4) + Math.log(1 / 4) + Math.log(3.5 / 4.5)) / 3, 7);
    // Confidence 0.75 twice with one right, 0.78 once and right: all in the bin (11/15, 12/15].
    expect(found.ece).toBeCloseTo(Math.abs(2 - 0.75 - 0.75 - 3.5 / 4.5) / 3, 7);
    expect(found.precision).toBeCloseTo((1 + 1 / 2) / 2, 12);
    expect(found.recall).toBeCloseTo((1 / 2 + 1) / 2, 12);
    expect(found.f1).toBeCloseTo(2 / 3, 12);
  });

  const topKAccuracy = (logits: readonly number[][], labels: readonly number[], topK: number) => {
    const metrics = createMetrics('classification', { topK });
    const units = logits[0]!.length;
    metrics.add(Float32Array.from(logits.flat()), oneHot(labels, units), labels.length, units);
    return metrics.result().topKAccuracy;
  };

  test('the truth is among the top k, or it isn’t', () => {
    const logits = [
      [4, 3, 2, 1],
      [4, 3, 2, 1],
      [1, 2, 3, 4],
      [4, 1, 3, 2],
    ];
    expect(topKAccuracy(logits, [1, 2, 0, 2], 2)).toBe(0.5);
    expect(topKAccuracy(logits, [1, 2, 0, 2], 3)).toBe(0.75);
  });

  test('of equals the first is among the top k, and what is not a number never is', () => {
    const flat = [[0, 0, 0, 0]];
    expect([0, 1, 2, 3].map((label) => topKAccuracy(flat, [label], 2))).toEqual([1, 1, 0, 0]);
    expect(topKAccuracy([[Number.NaN, 0, 0]], [1], 2)).toBe(0);
    expect(topKAccuracy([[Number.NaN, 0, 0]], [0], 2)).toBe(0);
  });

  test('a class that nobody predicts scores 0, one that never occurs is left out', () => {
    const found = result(
      [
        [5, 0, 0],
        [5, 0, 0],
      ],
      [0, 1],
    );
    expect(found.precision).toBeCloseTo((1 / 2 + 0) / 2, 12);
    expect(found.recall).toBeCloseTo((1 + 0) / 2, 12);
  });

  test('certainty is right or infinitely wrong, and never breaks the bins', () => {
    expect(result([[1000, 0]], [0])).toMatchObject({ accuracy: 1, nll: 0, ece: 0 });
    expect(result([[0, Number.NEGATIVE_INFINITY]], [1]).nll).toBe(Number.POSITIVE_INFINITY);
  });

  test('what is not a number shows in the likelihood and the calibration', () => {
    const found = result(
      [
        [Number.NaN, 0],
        [0, 1],
      ],
      [0, 1],
    );
    expect(found.nll).toBeNaN();
    expect(found.ece).toBeNaN();
  });

  test('logarithms of probabilities stand for logits', () => {
    const probabilities = [0.2, 0.5, 0.3];
    expect(result([probabilities.map(Math.log)], [2]).nll).toBeCloseTo(-Math.log(0.3), 6);
  });
});

describe('labels', () => {
  const result = (logits: readonly number[][], labels: readonly number[][]) => {
    const metrics = createMetrics('multilabel');
    const units = logits[0]!.length;
    metrics.add(Float32Array.from(logits.flat()), Float32Array.from(labels.flat()), labels.length, units);
    return metrics.result();
  };

  test('by hand', () => {
    const three = Math.log(3); // probability ¾
    const found = result(
      [
        [three, -three],
        [three, three],
        [-three, 0],
      ],
      [
        [1, 0],
        [0, 1],
        [0, 1],
      ],
    );
    expect(found.accuracy).toBeCloseTo(5 / 6, 12);
    expect(found.exactMatch).toBeCloseTo(2 / 3, 12);
    expect(found.nll).toBeCloseTo(-(4 * Math.log(3 / 4) + Math.log(1 / 4) + Math.log(1 / 2)) / 6, 7);
    // Foretold at ¾: three, two of them true; at ¼: two, none true; at ½: one, true.
    expect(found.ece).toBeCloseTo((Math.abs(2 - 3 * 0.75) + 0.5 + 0.5) / 6, 7);
    expect(found.precision).toBeCloseTo((1 / 2 + 1) / 2, 12);
    expect(found.recall).toBeCloseTo(1, 12);
    expect(found.f1).toBeCloseTo((2 / 3 + 1) / 2, 12);
  });

  test('one that is never true nor predicted scores 0', () => {
    expect(result([[5, -5]], [[1, 0]])).toMatchObject({ accuracy: 1, precision: 0.5, recall: 0.5, f1: 0.5 });
  });

  test('certainty is right or infinitely wrong, and what is not a number shows', () => {
    const sure = [[Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]];
    expect(result(sure, [[1, 0]])).toMatchObject({ accuracy: 1, nll: 0, ece: 0 });
    expect(result(sure, [[1, 1]]).nll).toBe(Number.POSITIVE_INFINITY);
    const broken = result([[Number.NaN, 1]], [[1, 1]]);
    expect([broken.nll, broken.ece]).toEqual([Number.NaN, Number.NaN]);
    expect(broken.accuracy).toBe(0.5);
  });

  test('counts what each is taken for, and ranks each on its own', () => {
    const logits = Float32Array.of(1, -1, -2, -1, 3, 4, -4, 2);
    const targets = Float32Array.of(1, 0, 1, 1, 0, 1, 0, 0);
    expect(labelConfusions(logits, targets, 2)).toEqual([
      { truePositives: 1, falsePositives: 1, falseNegatives: 1, trueNegatives: 1 },
      { truePositives: 1, falsePositives: 1, falseNegatives: 1, trueNegatives: 1 },
    ]);
    // The first: 1 and −2 against 3 and −4; the second: −1 and 4 against −1 and 2.
    expect(labelAuc(logits, targets, 4, 2)).toBeCloseTo((2 / 4 + 2.5 / 4) / 2, 12);
    expect(labelAuc(Float32Array.of(1, 2), Float32Array.of(0, 1), 1, 2)).toBeNaN();
  });
});

test.each([
  { task: 'classification', distribution: 'point', topK: undefined, units: 3 },
  { task: 'classification', distribution: 'point', topK: 2, units: 3 },
  { task: 'multilabel', distribution: 'point', topK: undefined, units: 3 },
  { task: 'regression', distribution: 'point', topK: undefined, units: 1 },
  { task: 'regression', distribution: 'gaussian', topK: undefined, units: 1 },
] as const)(
  '$task, $distribution, top $topK, has the metrics that its names list',
  ({ units, ...measured }) => {
    const metrics = createMetrics(measured.task, measured);
    metrics.add(new Float32Array(2 * units), new Float32Array(units), 1, units);
    expect(Object.keys(metrics.result())).toEqual(metricNames(measured));
  },
);

const value = fc.float({ min: -50, max: 50, noNaN: true });

describe.each(['classification', 'multilabel', 'regression', 'gaussian'] as const)('%s', (kind) => {
  const create = () =>
    kind === 'gaussian'
      ? createMetrics('regression', { distribution: kind, targetStd: 3 })
      : createMetrics(kind, { topK: 2 });
  const isNumber = kind === 'regression' || kind === 'gaussian';
  const units = isNumber ? 1 : 3;
  const width = kind === 'gaussian' ? 2 : units;
  const example = fc.tuple(fc.array(value, { minLength: width, maxLength: width }), fc.nat(2));
  const arrays = (examples: [number[], number][]) => ({
    outputs: Float32Array.from(examples.flatMap(([outputs]) => outputs)),
    targets: isNumber
      ? Float32Array.from(examples, ([, y]) => y)
      : oneHot(
          examples.map(([, y]) => y),
          3,
        ),
  });

  test('interrupted anywhere and restored through JSON, gives what an uninterrupted epoch gives', () => {
    const examples = fc.array(example, { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(examples, examples, (first, second) => {
        const [straight, before, resumed] = [create(), create(), create()];
        const add = (metrics: typeof straight, batch: [number[], number][]) =>
          metrics.add(arrays(batch).outputs, arrays(batch).targets, batch.length, units);
        add(straight, first);
        add(straight, second);
        add(before, first);
        resumed.restore(JSON.parse(JSON.stringify(before.state())));
        add(resumed, second);
        expect(resumed.result()).toEqual(straight.result());
        expect(resumed.state()).toEqual(straight.state());
      }),
    );
  });

  test('a saved state does not move when more is added', () => {
    const metrics = create();
    const { outputs, targets } = arrays([[Array(width).fill(1), 0]]);
    metrics.add(outputs, targets, 1, units);
    const saved = metrics.state();
    const before = JSON.stringify(saved);
    metrics.add(outputs, targets, 1, units);
    expect(JSON.stringify(saved)).toBe(before);
  });

  test('of nothing is NaN', () => {
    expect(Object.values(create().result()).every(Number.isNaN)).toBe(true);
  });
});

describe('regression', () => {
  const result = (outputs: number[], targets: number[], std = 1) => {
    const metrics = createMetrics('regression', { targetStd: std });
    metrics.add(Float32Array.from(outputs), Float32Array.from(targets), targets.length, 1);
    return metrics.result();
  };

  test('errors are in the target’s units, R² has none', () => {
    expect(result([1, 2, 3], [1, 2, 6])).toMatchObject({ rmse: Math.sqrt(3), mae: 1 });
    const scaled = result([1, 2, 3], [1, 2, 6], 10);
    expect(scaled.rmse).toBeCloseTo(10 * Math.sqrt(3), 12);
    expect(scaled.r2).toBe(result([1, 2, 3], [1, 2, 6]).r2);
  });

  test('R² of a spread that is small beside the mean loses nothing', () => {
    const targets = Array.from({ length: 1000 }, (_, i) => 8_000_000 + (i % 2));
    expect(
      result(
        targets.map((y) => y + 0.5),
        targets,
      ).r2,
    ).toBeCloseTo(0, 9);
    expect(result(targets, targets).r2).toBe(1);
  });

  test('R² of equal targets is 1 without an error and 0 with one', () => {
    expect(result([5, 5], [5, 5]).r2).toBe(1);
    expect(result([5, 4], [5, 5]).r2).toBe(0);
  });
});

describe('Gaussians', () => {
  const result = (outputs: number[], targets: number[], std = 1) => {
    const metrics = createMetrics('regression', { distribution: 'gaussian', targetStd: std });
    metrics.add(Float32Array.from(outputs), Float32Array.from(targets), targets.length, 1);
    return metrics.result();
  };

  test('the likelihood is in the target’s units, with its constant', () => {
    // An error of 2 at a variance of 4, and none at a variance of 1.
    const { rmse, mae, nll } = result([3, Math.log(4), 5, 0], [1, 5]);
    expect([rmse, mae]).toEqual([Math.sqrt(2), 1]);
    const expected = (Math.log(4) / 2 + 1 / 2) / 2 + Math.log(2 * Math.PI) / 2;
    expect(nll).toBeCloseTo(expected, 7);
    const scaled = result([3, Math.log(4), 5, 0], [1, 5], 10);
    expect(scaled.rmse).toBeCloseTo(10 * Math.sqrt(2), 12);
    expect(scaled.nll).toBeCloseTo(expected + Math.log(10), 7);
  });

  test('of several Gaussians a row it is their mixture’s, which may be far better than each one’s mean', () => {
    // Two narrow Gaussians at −5 and 5, and a target at 5: half of the density is there.
    const { nll, mae } = result([-5, -4, 5, -4], [5]);
    expect(nll).toBeCloseTo(Math.log(2) + 0.5 * (Math.log(2 * Math.PI) - 4), 7);
    expect(mae).toBe(5);
    // A target that is 300 standard deviations away costs a lot, and not infinity.
    expect(result([0, -4, 1, -4], [41]).nll).toBeCloseTo(
      0.5 * (1600 * Math.exp(4) + Math.log(2 * Math.PI) - 4) + Math.log(2),
      4,
    );
  });

  test('what is not a number shows', () => {
    expect(Object.values(result([Number.NaN, 0], [1])).slice(0, 2)).toEqual([Number.NaN, Number.NaN]);
    expect(result([1, Number.NaN], [1]).nll).toBeNaN();
  });
});

describe('AUC', () => {
  const auc = (scores: readonly number[], labels: readonly number[]) =>
    macroAuc(Float32Array.from(scores.flatMap((s) => [0, s])), oneHot(labels, 2), labels.length, 2);

  test('is the share of pairs in the right order, ties as a half', () => {
    expect(auc([1, 2, 3, 4], [0, 0, 1, 1])).toBe(1);
    expect(auc([4, 3, 2, 1], [0, 0, 1, 1])).toBe(0);
    expect(auc([1, 3, 2, 4], [0, 0, 1, 1])).toBe(0.75);
    expect(auc([1, 1, 1, 1], [0, 0, 1, 1])).toBe(0.5);
  });

  test('is NaN where one class is all there is, and for scores that are no numbers', () => {
    expect(auc([1, 2], [1, 1])).toBeNaN();
    expect(auc([Number.NaN, 2, 1], [1, 0, 1])).toBeNaN();
  });

  test('agrees with counting the pairs', () => {
    const rows = fc.array(fc.tuple(fc.integer({ min: -3, max: 3 }), fc.boolean()), {
      minLength: 2,
      maxLength: 40,
    });
    fc.assert(
      fc.property(rows, (examples) => {
        const [positive, negative] = [true, false].map((side) => examples.filter(([, y]) => y === side)) as [
          typeof examples,
          typeof examples,
        ];
        const ordered = positive.flatMap(([p]) => negative.map(([n]) => (Math.sign(p - n) + 1) / 2));
        const found = auc(
          examples.map(([s]) => s),
          examples.map(([, y]) => Number(y)),
        );
        if (ordered.length === 0) expect(found).toBeNaN();
        else expect(found).toBeCloseTo(ordered.reduce((a, b) => a + b, 0) / ordered.length, 12);
      }),
    );
  });
});

test('the confusion matrix has the truth in rows and the prediction in columns', () => {
  const outputs = Float32Array.from(
    [
      [9, 0, 0],
      [0, 9, 0],
      [0, 0, 9],
      [0, 9, 0],
    ].flat(),
  );
  expect(confusionMatrix(outputs, oneHot([0, 0, 2, 1], 3), 4, 3)).toEqual([
    [1, 1, 0],
    [0, 1, 0],
    [0, 0, 1],
  ]);
});

test.each([
  ['val_accuracy', true],
  ['exactMatch', true],
  ['val_topKAccuracy', true],
  ['auc', true],
  ['val_r2', true],
  ['val_loss', false],
  ['rmse', false],
  ['val_ece', false],
])('whether more of %s is better: %s', (name, upwards) => {
  expect(improvesUpwards(name)).toBe(upwards);
});
