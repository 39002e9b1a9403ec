import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { initialValues } from '../../../src/engine/model/initializers.ts';
import { buildNetwork, initialWeights } from '../../../src/engine/model/network.ts';
import { type Key, key } from '../../../src/random.ts';
import { hiddenLayers } from '../../../src/spec/expand.ts';
import type { Initializer } from '../../../src/spec/initializer.ts';
import { ModelSpec } from '../../../src/spec/model.ts';

const STREAM: Key = key(7, 'initial', 'hidden/kernel');
const SHAPE = [300, 400];
const FANS: [number, number] = [300, 400];
const draw = (initializer: Initializer) => initialValues(initializer, SHAPE, FANS, STREAM);
const mean = (values: Float32Array) => values.reduce((sum, x) => sum + x, 0) / values.length;
const variance = (values: Float32Array) =>
  values.reduce((sum, x) => sum + x * x, 0) / values.length - mean(values) ** 2;
const greatest = (values: Float32Array) => values.reduce((a, b) => Math.max(a, Math.abs(b)), 0);

/** The variance that each promises, as a multiple of 1/fan, and the greatest value in standard deviations. */
const SCALED: [Initializer, number, number][] = [
  ['glorotNormal', 1 / 350, 2 / 0.8796],
  ['glorotUniform', 1 / 350, Math.sqrt(3)],
  ['heNormal', 2 / 300, 2 / 0.8796],
  ['heUniform', 2 / 300, Math.sqrt(3)],
  ['lecunNormal', 1 / 300, 2 / 0.8796],
  ['lecunUniform', 1 / 300, Math.sqrt(3)],
];

describe.each(SCALED)('%s', (initializer, expected, cut) => {
  const values = draw(initializer);

  test('has mean zero and the variance that it promises', () => {
    const standardError = Math.sqrt(expected / values.length);
    expect(Math.abs(mean(values))).toBeLessThan(5 * standardError);
    // The sample variance of a bounded distribution has a relative standard error below √(2/n) = 0.4 %.
    expect(variance(values) / expected).toBeGreaterThan(0.98);
    expect(variance(values) / expected).toBeLessThan(1.02);
  });

  test('is cut off where it should be', () => {
    const limit = cut * Math.sqrt(expected);
    expect(greatest(values)).toBeLessThanOrEqual(limit * 1.0001);
    expect(greatest(values)).toBeGreaterThan(limit * 0.99);
  });

  test('is the same for the same key and another for another', () => {
    const other = initialValues(initializer, SHAPE, FANS, key(8, 'initial', 'hidden/kernel'));
    expect(draw(initializer).every((x, i) => x === values[i])).toBe(true);
    expect(other.filter((x, i) => x === values[i]).length).toBeLessThan(values.length / 1000);
  });
});

/** The fourth moment over the square of the variance: of N(0, 1) cut off at ±2, and of a uniform distribution. */
const KURTOSIS = { Normal: 2.36554, Uniform: 1.8 };

describe.each(SCALED)('%s', (initializer, expected) => {
  const [, kind] = /(Normal|Uniform)$/.exec(initializer as string)! as unknown as [
    string,
    keyof typeof KURTOSIS,
  ];
  const kurtosis = KURTOSIS[kind];

  test('has the shape of its distribution, by its fourth moment', () => {
    const values = draw(initializer);
    const fourth = values.reduce((sum, x) => sum + x ** 4, 0) / values.length / expected ** 2;
    // Five standard errors: x⁴ of unit variance has the variance 21.6 where it is normal, 5.8 where uniform.
    expect(Math.abs(fourth - kurtosis)).toBeLessThan(5 * Math.sqrt(21.6 / values.length));
  });

  /** Fan-in and fan-out as Keras counts them, save that a depthwise filter sees one channel alone. */
  const KERNELS: [string, object, number[], [number, number]][] = [
    ['kernel', { type: 'dense', units: 200 }, [80], [80, 200]],
    ['kernel', { type: 'conv1d', filters: 60, kernelSize: 5 }, [8, 40], [200, 300]],
    ['kernel', { type: 'conv2d', filters: 40, kernelSize: [3, 2] }, [4, 4, 50], [300, 240]],
    ['kernel', { type: 'conv2dTranspose', filters: 40, kernelSize: [3, 2] }, [4, 4, 50], [240, 300]],
    ['kernel', { type: 'depthwiseConv2d', kernelSize: 3, depthMultiplier: 4 }, [4, 4, 300], [9, 36]],
    [
      'depthwiseKernel',
      { type: 'separableConv2d', filters: 10, kernelSize: 3, depthMultiplier: 4 },
      [4, 4, 300],
      [9, 36],
    ],
    [
      'pointwiseKernel',
      { type: 'separableConv2d', filters: 100, kernelSize: 1, depthMultiplier: 2 },
      [4, 4, 50],
      [100, 100],
    ],
  ];
  test.each(KERNELS)('scales the %s of %j by its fans', (weight, layer, inputShape, [fanIn, fanOut]) => {
    const model = ModelSpec.parse({ layers: [{ ...layer, name: 'it', initializer }] });
    const network = buildNetwork({ inputShape, layers: hiddenLayers(model) });
    const { data } = initialWeights(network, 3)[`it/${weight}`]!;
    const promised = {
      glorot: 2 / (fanIn + fanOut),
      he: 2 / fanIn,
      lecun: 1 / fanIn,
    }[/^[a-z]+/.exec(initializer as string)![0] as 'glorot' | 'he' | 'lecun'];
    const room = 5 * Math.sqrt((kurtosis - 1) / data.length);
    expect(Math.abs(variance(data) / promised - 1)).toBeLessThan(room);
    expect(Math.abs(mean(data))).toBeLessThan(5 * Math.sqrt(promised / data.length));
  });
});

test('LeCun normal keeps SELU’s signals at mean 0 and variance 1 through thirty layers', () => {
  const [width, examples] = [128, 64];
  let signals = initialValues(
    { type: 'normal', mean: 0, std: 1 },
    [examples, width],
    [1, 1],
    key(1, 'input'),
  );
  for (let layer = 0; layer < 30; layer++) {
    const kernel = initialValues('lecunNormal', [width, width], [width, width], key(1, 'kernel', layer));
    signals = Float32Array.from(signals, (_, i) => {
      const [row, column] = [Math.floor(i / width) * width, i % width];
      let sum = 0;
      for (let k = 0; k < width; k++) sum += signals[row + k]! * kernel[k * width + column]!;
      return 1.0507009873554805 * (sum > 0 ? sum : 1.6732632423543772 * Math.expm1(sum));
    });
  }
  expect(Math.abs(mean(signals))).toBeLessThan(0.2);
  expect(variance(signals)).toBeGreaterThan(0.7);
  expect(variance(signals)).toBeLessThan(1.4);
});

test('the plain ones are what they say', () => {
  expect(new Set(draw('zeros'))).toEqual(new Set([0]));
  expect(new Set(draw('ones'))).toEqual(new Set([1]));
  expect(new Set(draw({ type: 'constant', value: 0.5 }))).toEqual(new Set([0.5]));
  const normal = draw({ type: 'normal', mean: 3, std: 0.2 });
  expect(mean(normal)).toBeCloseTo(3, 2);
  expect(Math.sqrt(variance(normal))).toBeCloseTo(0.2, 2);
  expect(greatest(normal.map((x) => (x - 3) / 0.2))).toBeGreaterThan(3);
  const uniform = draw({ type: 'uniform', low: -1, high: 3 });
  expect(mean(uniform)).toBeCloseTo(1, 1);
  expect(variance(uniform)).toBeCloseTo(16 / 12, 1);
  expect(uniform.every((x) => x >= -1 && x <= 3)).toBe(true);
});

describe('orthogonal', () => {
  const matrix = (shape: readonly number[]) => {
    const columns = shape.at(-1)!;
    const values = initialValues('orthogonal', shape, [1, 1], STREAM);
    const row = (r: number) => [...values.subarray(r * columns, (r + 1) * columns)];
    return Array.from({ length: values.length / columns }, (_, r) => row(r));
  };
  const transpose = (rows: number[][]) => rows[0]!.map((_, c) => rows.map((row) => row[c]!));
  const dot = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);

  test.each([[[40, 40]], [[40, 9]], [[9, 40]], [[3, 3, 8, 16]], [[1, 5]], [[1, 1]]])(
    '%j has orthonormal vectors',
    (shape) => {
      const rows = matrix(shape);
      const vectors = rows.length >= rows[0]!.length ? transpose(rows) : rows;
      for (const [i, a] of vectors.entries()) {
        for (const [j, b] of vectors.entries()) expect(dot(a, b)).toBeCloseTo(i === j ? 1 : 0, 5);
      }
    },
  );

  test('has QᵀQ = I where it is tall and QQᵀ = I where it is wide, both where it is square', () => {
    const axis = fc.integer({ min: 1, max: 12 });
    fc.assert(
      fc.property(fc.array(axis, { minLength: 2, maxLength: 4 }), fc.nat(), (shape, seed) => {
        const columns = shape.at(-1)!;
        const values = initialValues('orthogonal', shape, [1, 1], key(seed));
        const rows = Array.from({ length: values.length / columns }, (_, r) => [
          ...values.subarray(r * columns, (r + 1) * columns),
        ]);
        if (rows.length >= columns) expectOrthonormal(transpose(rows));
        if (rows.length <= columns) expectOrthonormal(rows);
      }),
      { numRuns: 40 },
    );
  });

  function expectOrthonormal(vectors: number[][]): void {
    const worst = vectors.flatMap((a, i) => vectors.map((b, j) => Math.abs(dot(a, b) - Number(i === j))));
    expect(Math.max(...worst)).toBeLessThan(1e-5);
  }

  test('is uniform over the orthogonal matrices: every entry has mean 0 and variance 1/n', () => {
    const [n, count] = [3, 4000];
    const sums = new Float64Array(n * n);
    const squares = new Float64Array(n * n);
    for (let seed = 0; seed < count; seed++) {
      const values = initialValues('orthogonal', [n, n], [n, n], key(seed, 'q'));
      for (const [i, value] of values.entries()) {
        sums[i]! += value / count;
        squares[i]! += value ** 2 / count;
      }
    }
    // Without the signs fixed, the diagonal would have one sign only.
    for (const sum of sums) expect(Math.abs(sum)).toBeLessThan(5 * Math.sqrt(1 / n / count));
    for (const square of squares) expect(square).toBeCloseTo(1 / n, 1);
  });
});
