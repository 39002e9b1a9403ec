import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { startBackend } from '../../../src/engine/backends/start.ts';
import { activate } from '../../../src/engine/model/activations.ts';
import type { Mode } from '../../../src/engine/model/layer.ts';
import { buildNetwork, forward, initialWeights } from '../../../src/engine/model/network.ts';
import { noRandom, trainingRandom } from '../../../src/engine/model/random-source.ts';
import { fromArrays } from '../../../src/engine/tensors.ts';
import { hiddenLayers } from '../../../src/spec/expand.ts';
import { ModelSpec } from '../../../src/spec/model.ts';

beforeAll(() => startBackend('wasm'));

interface Bounds {
  lower: number;
  upper: number;
}
const bounds = fc
  .tuple(fc.double({ min: 0, max: 2, noNaN: true }), fc.double({ min: 0, max: 2, noNaN: true }))
  .map(([a, b]): Bounds => ({ lower: Math.min(a, b), upper: Math.max(a, b) }));
const numbers = fc.array(fc.float({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 1, maxLength: 20 });

function rrelu(given: Bounds, x: ArrayLike<number>, mode: Mode, step = 1): number[] {
  const random = mode === 'train' ? trainingRandom(1, 1, step)('layer') : noRandom('layer');
  return tf.tidy(() => {
    const y = activate({ type: 'rrelu', ...given }, tf.tensor1d([...Array.from(x)]), {
      weights: {},
      context: { mode, random },
    });
    return [...y.dataSync()];
  });
}

/** The greatest distance of the sample's distribution function from that of U(lower, upper), times √n. */
function kolmogorovSmirnov(sample: number[], { lower, upper }: Bounds): number {
  const shares = sample.map((value) => (value - lower) / (upper - lower)).sort((a, b) => a - b);
  const distances = shares.map((share, i) =>
    Math.max(share - i / shares.length, (i + 1) / shares.length - share),
  );
  return Math.sqrt(sample.length) * distances.reduce((a, b) => Math.max(a, b));
}

describe('randomized leaky ReLU', () => {
  test.each([
    { lower: 1 / 8, upper: 1 / 3 },
    { lower: 0, upper: 1 },
    { lower: 0.5, upper: 0.6 },
  ])('draws its slopes in training from U($lower, $upper)', (given) => {
    const slopes = rrelu(given, new Float32Array(50_000).fill(-1), 'train').map((y) => -y);
    // 1.95 is what one sample in a thousand exceeds; one of another distribution grows with √n.
    expect(kolmogorovSmirnov(slopes, given)).toBeLessThan(1.95);
    expect(kolmogorovSmirnov(slopes, { ...given, upper: given.upper * 1.05 })).toBeGreaterThan(1.95);
    expect(slopes.every((slope) => slope >= given.lower - 1e-6 && slope <= given.upper + 1e-6)).toBe(true);
  });

  test('draws other slopes at each step, and the same at the same one', () => {
    const given = { lower: 0.1, upper: 0.3 };
    const x = Array(1_000).fill(-1);
    const [first, again, next] = [1, 1, 2].map((step) => rrelu(given, x, 'train', step));
    expect(first).toEqual(again);
    expect(first!.filter((y, i) => y === next![i]).length).toBeLessThan(5);
  });

  test('has the mean slope outside training, Monte-Carlo dropout included, and draws nothing', () => {
    fc.assert(
      fc.property(bounds, numbers, (given, x) => {
        const slope = (given.lower + given.upper) / 2;
        const inferred = rrelu(given, x, 'infer');
        expect(rrelu(given, x, 'mc')).toEqual(inferred);
        for (const [i, y] of inferred.entries()) {
          const expected = x[i]! < 0 ? slope * x[i]! : x[i]!;
          expect(Math.abs(y - expected)).toBeLessThanOrEqual(1e-6 * Math.abs(expected) + 1e-38);
        }
      }),
    );
  });

  test('in training keeps what is above zero, and what is below between its two lines', () => {
    fc.assert(
      fc.property(bounds, numbers, ({ lower, upper }, x) => {
        for (const [i, y] of rrelu({ lower, upper }, x, 'train').entries()) {
          const given = x[i]!;
          const room = 1e-5 * Math.abs(given) + 1e-38;
          if (given >= 0) expect(y + 0).toBe(given + 0);
          else {
            expect(y).toBeGreaterThanOrEqual(upper * given - room);
            expect(y).toBeLessThanOrEqual(lower * given + room);
          }
        }
      }),
    );
  });

  test('makes a network random in training alone', () => {
    const hidden = { type: 'dense', units: 8, activation: 'rrelu' };
    const layers = hiddenLayers(ModelSpec.parse({ layers: [hidden, hidden, { type: 'dense', units: 1 }] }));
    const network = buildNetwork({ inputShape: [4], layers });
    expect(network.firstStochastic).toBe(-1);
    tf.tidy(() => {
      const weights = fromArrays(initialWeights(network, 1));
      const x = tf.tensor2d([[1, -2, 3, -4]]);
      const at = (mode: Mode, step: number) => {
        const random = mode === 'train' ? trainingRandom(1, 1, step) : noRandom;
        return forward(network, weights, x, { mode, random }).output.dataSync()[0];
      };
      expect(at('train', 1)).not.toBe(at('train', 2));
      expect(at('mc', 1)).toBe(at('infer', 2));
    });
  });
});
