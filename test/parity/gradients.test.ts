import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { type BackendName, startBackend } from '../../src/engine/backends/start.ts';
import { key, permutation, uniform } from '../../src/random.ts';
import { OPERATIONS, type Operation } from './operations.ts';

/** The step of the finite differences; input values lie at least twice as far from each other and from 0. */
const STEP = 0.005;
const SPACING = 4 * STEP;

type Values = Float32Array[];
interface Evaluation {
  output: Float32Array;
  gradients: Values;
}

const size = (shape: readonly number[]) => shape.reduce((product, n) => product * n, 1);

/** Distinct values around 0 in a random order, none closer to another than the spacing, so that no step crosses a kink. */
function inputsOf(operation: Operation): Values {
  const sizes = operation.inputs.map(size);
  const total = sizes.reduce((sum, n) => sum + n, 0);
  const order = permutation(key(operation.name), total);
  const spacing = Math.max(SPACING, 3 / total);
  const values = Float32Array.from(
    order,
    (rank) => (rank - Math.floor(total / 2) + 0.5) * spacing + (operation.offset ?? 0),
  );
  return sizes.map((n, i) => {
    const start = sizes.slice(0, i).reduce((sum, before) => sum + before, 0);
    return values.slice(start, start + n);
  });
}

const tensorsOf = (operation: Operation, values: Values) =>
  values.map((value, i) => tf.tensor(value, [...operation.inputs[i]!]));

const weightsOf = (length: number) =>
  Float32Array.from({ length }, (_, i) => uniform(key('weights'), i) * 2 - 1);

function outputOf(operation: Operation, values: Values): Float32Array {
  return tf.tidy(() => operation.compute(...tensorsOf(operation, values)).dataSync() as Float32Array);
}

/** The output, and the gradients of Σ weight · output. */
function evaluate(operation: Operation, values: Values): Evaluation {
  return tf.tidy(() => {
    const output = outputOf(operation, values);
    const loss = (...inputs: tf.Tensor[]) => {
      const y = operation.compute(...inputs);
      return tf.sum(tf.mul(y, tf.tensor(weightsOf(y.size), y.shape)));
    };
    const gradients = tf.grads(loss)(tensorsOf(operation, values));
    return { output, gradients: gradients.map((gradient) => gradient.dataSync() as Float32Array) };
  });
}

/** ∂(Σ weight · output) / ∂ each input element by central differences, summed in double precision. */
function finiteDifferences(operation: Operation, values: Values): Values {
  const loss = () => {
    const output = outputOf(operation, values);
    const weights = weightsOf(output.length);
    return output.reduce((sum, y, i) => sum + y * weights[i]!, 0);
  };
  return values.map((value) =>
    value.map((middle, i) => {
      value[i] = middle + STEP;
      const [high, above] = [value[i]!, loss()];
      value[i] = middle - STEP;
      const [low, below] = [value[i]!, loss()];
      value[i] = middle;
      return (above - below) / (high - low);
    }),
  );
}

/** The greatest difference, counted in units of the greatest expected magnitude where that is over 1. */
function difference(actual: Float32Array, expected: Float32Array): number {
  expect(actual.length).toBe(expected.length);
  const scale = expected.reduce((greatest, x) => Math.max(greatest, Math.abs(x)), 1);
  return actual.reduce((worst, x, i) => Math.max(worst, Math.abs(x - expected[i]!)), 0) / scale;
}

async function evaluateAll(backend: BackendName): Promise<Map<string, Evaluation>> {
  await startBackend(backend);
  return new Map(OPERATIONS.map((operation) => [operation.name, evaluate(operation, inputsOf(operation))]));
}

// The pure JavaScript backend is held against the same differences by its parity with this one, below.
describe('on wasm', () => {
  beforeAll(async () => {
    await startBackend('wasm');
  });

  it.each(OPERATIONS)('the gradients of $name are its finite differences', (operation) => {
    const { gradients } = evaluate(operation, inputsOf(operation));
    const expected = finiteDifferences(operation, inputsOf(operation));
    for (const [i, gradient] of gradients.entries()) {
      expect(difference(gradient, expected[i]!)).toBeLessThan(2e-3);
    }
  });
});

describe('wasm against the pure JavaScript backend', () => {
  let cpu: Map<string, Evaluation>;
  let wasm: Map<string, Evaluation>;
  beforeAll(async () => {
    cpu = await evaluateAll('cpu');
    wasm = await evaluateAll('wasm');
  });

  it.each(OPERATIONS)('$name gives the same output and gradients', ({ name }) => {
    const expected = cpu.get(name)!;
    const actual = wasm.get(name)!;
    expect(difference(actual.output, expected.output)).toBeLessThan(1e-5);
    for (const [i, gradient] of actual.gradients.entries()) {
      expect(difference(gradient, expected.gradients[i]!)).toBeLessThan(1e-5);
    }
  });
});
