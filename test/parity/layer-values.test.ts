import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { startBackend } from '../../src/engine/backends/start.ts';
import type { LayerFunction, LayerResult, Mode } from '../../src/engine/model/layer.ts';
import { LAYERS } from '../../src/engine/model/layers/index.ts';
import { buildNetwork, forward, trainableWeights } from '../../src/engine/model/network.ts';
import { noRandom, type RandomSource } from '../../src/engine/model/random-source.ts';
import type { Tensors } from '../../src/engine/tensors.ts';
import { hiddenLayers } from '../../src/spec/expand.ts';
import { LayerSpec } from '../../src/spec/layer.ts';
import { ModelSpec } from '../../src/spec/model.ts';
import { inferShapes } from '../../src/spec/shapes.ts';
import { expectClose, fixture } from './fixture.ts';

/** Numbers in lists of lists, as deep as a tensor has axes. */
type Nested = number | readonly unknown[];
type Named = Record<string, Nested>;

interface Case {
  name: string;
  layer: object;
  inputs: Nested[];
  weights: Named;
  output: Nested;
  upstream: Nested;
  inputGradients: Nested[];
  weightGradients: Named;
  mode?: Mode;
  /** What an activation that draws is given for its draws in [0, 1). */
  uniforms?: Nested;
}
interface BatchNormStep {
  input: Nested;
  output: Nested;
  upstream: Nested;
  inputGradient: Nested;
  weightGradients: Named;
  movingMean: Nested;
  movingVariance: Nested;
}
interface BatchNorm {
  name: string;
  layer: object;
  weights: Named;
  steps: BatchNormStep[];
  inferred: BatchNormStep;
}
interface NetworkCase {
  name: string;
  layers: unknown[];
  input: Nested;
  weights: Named;
  inferred: Nested;
  output: Nested;
  upstream: Nested;
  weightGradients: Named;
}
const { cases, batchNorms, networks } = fixture<{
  cases: Case[];
  batchNorms: BatchNorm[];
  networks: NetworkCase[];
}>('layers');

const named = <T extends { name: string }>(them: T[]) => them.map((it) => [it.name, it] as const);

// Numbers near zero are sums of numbers near one.
const NEAR_ONE = { floor: 0.1 };
// A bias right before a batch norm has the gradient zero, as a sum of many numbers that are not.
const CANCELLED = { floor: 0.5 };

const tensorOf = (values: Nested) => tf.tensor(values as tf.TensorLike);
const tensorsOf = (named: Named) =>
  Object.fromEntries(Object.entries(named).map(([name, values]) => [name, tensorOf(values)]));

function expectSame(found: tf.Tensor, expected: Nested, room = NEAR_ONE): void {
  expect(found.shape).toEqual(tensorOf(expected).shape);
  expectClose(found.dataSync(), [expected].flat(Number.POSITIVE_INFINITY) as number[], room);
}

interface Circumstances {
  readonly mode?: Mode;
  readonly uniforms?: Nested | undefined;
  readonly frozen?: boolean;
}

/** The layer's output; draws are those given, and without them it may draw none. */
function run(
  layer: LayerSpec,
  weights: Tensors,
  inputs: readonly tf.Tensor[],
  { mode = 'train', uniforms, frozen = false }: Circumstances = {},
): LayerResult {
  const given: RandomSource = { ...noRandom('layer'), uniform: () => tensorOf(uniforms!) };
  const random = uniforms === undefined ? noRandom('layer') : given;
  const apply = LAYERS[layer.type] as LayerFunction<typeof layer.type>;
  const result = apply(layer, weights, inputs[0]!, { mode, inputs, frozen, random });
  return 'output' in result ? result : { output: result };
}

/** Gradients of Σ upstream · output, of the inputs (ids have none) and of the named weights. */
function gradientsOf(
  layer: LayerSpec,
  weights: Tensors,
  learned: readonly string[],
  inputs: readonly tf.Tensor[],
  upstream: Nested,
  circumstances: Circumstances = {},
) {
  const moving = layer.type === 'embedding' ? [] : inputs;
  const loss = (...values: tf.Tensor[]) => {
    const xs = moving.length === 0 ? inputs : values.slice(0, inputs.length);
    const ws = Object.fromEntries(learned.map((name, i) => [name, values[moving.length + i]!]));
    const { output } = run(layer, { ...weights, ...ws }, xs, circumstances);
    return tf.sum(tf.mul(output, tensorOf(upstream)));
  };
  const found = tf.grads(loss)([...moving, ...learned.map((name) => weights[name]!)]);
  return {
    ofInputs: found.slice(0, moving.length),
    ofWeights: Object.fromEntries(learned.map((name, i) => [name, found[moving.length + i]!])),
  };
}

function expectAll(found: Tensors, expected: Named, room = NEAR_ONE): void {
  expect(Object.keys(found).sort()).toEqual(Object.keys(expected).sort());
  for (const [name, values] of Object.entries(expected)) expectSame(found[name]!, values, room);
}

describe.each(['cpu', 'wasm'] as const)('on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  test.each(named(cases))('%s: output and gradients', (_, given) => {
    tf.tidy(() => {
      const layer = LayerSpec.parse(given.layer);
      const inputs = given.inputs.map(tensorOf);
      const weights = tensorsOf(given.weights);
      const circumstances = { mode: given.mode ?? 'train', uniforms: given.uniforms };
      expectSame(run(layer, weights, inputs, circumstances).output, given.output);
      const names = Object.keys(weights);
      const found = gradientsOf(layer, weights, names, inputs, given.upstream, circumstances);
      for (const [i, expected] of given.inputGradients.entries()) expectSame(found.ofInputs[i]!, expected);
      expectAll(found.ofWeights, given.weightGradients);
    });
  });

  describe.each(named(batchNorms))('batchNorm of %s', (_, given) => {
    const layer = LayerSpec.parse(given.layer);
    const learned = Object.keys(given.weights).filter((name) => !name.startsWith('moving'));

    test('step after step', () => {
      tf.tidy(() => {
        let weights: Tensors = tensorsOf(given.weights);
        for (const step of given.steps) {
          const inputs = [tensorOf(step.input)];
          const { output, updates } = run(layer, weights, inputs);
          expectSame(output, step.output);
          const found = gradientsOf(layer, weights, learned, inputs, step.upstream);
          expectSame(found.ofInputs[0]!, step.inputGradient);
          expectAll(found.ofWeights, step.weightGradients);
          weights = { ...weights, ...updates };
          expectSame(weights.movingMean!, step.movingMean);
          expectSame(weights.movingVariance!, step.movingVariance);
        }
      });
    });

    test.each([{ mode: 'infer' }, { mode: 'mc' }, { mode: 'train', frozen: true }] as const)(
      'then by its moving statistics, which stay: %o',
      (circumstances) => {
        tf.tidy(() => {
          const { input, output, upstream, inputGradient, weightGradients, ...moving } = given.inferred;
          const weights = tensorsOf({ ...given.weights, ...moving } as Named);
          const result = run(layer, weights, [tensorOf(input)], circumstances);
          expectSame(result.output, output);
          expect(result.updates).toBeUndefined();
          const found = gradientsOf(layer, weights, learned, [tensorOf(input)], upstream, circumstances);
          expectSame(found.ofInputs[0]!, inputGradient);
          expectAll(found.ofWeights, weightGradients);
        });
      },
    );
  });

  test.each(named(networks))('a network with %s', (_, given) => {
    tf.tidy(() => {
      const input = tensorOf(given.input);
      const layers = hiddenLayers(ModelSpec.parse({ layers: given.layers }));
      const network = buildNetwork({ inputShape: input.shape.slice(1), layers });
      const weights = tensorsOf(given.weights);
      expect([...network.weights.keys()].sort()).toEqual(Object.keys(weights).sort());
      const send = (mode: Mode, moved: Tensors = {}) =>
        forward(network, { ...weights, ...moved }, input, { mode, random: noRandom }).output;
      expectSame(send('infer'), given.inferred);
      expectSame(send('train'), given.output);
      const names = trainableWeights(network);
      const loss = (...values: tf.Tensor[]) => {
        const moved = Object.fromEntries(names.map((name, i) => [name, values[i]!]));
        return tf.sum(tf.mul(send('train', moved), tensorOf(given.upstream)));
      };
      const found = tf.grads(loss)(names.map((name) => weights[name]!));
      const byName = Object.fromEntries(names.map((name, i) => [name, found[i]!]));
      expectAll(byName, given.weightGradients, CANCELLED);
    });
  });
});

describe('shapes', () => {
  test.each(named(cases.filter(({ inputs }) => inputs.length === 1)))('of %s are inferred', (_, given) => {
    const [, ...inputShape] = tensorOf(given.inputs[0]!).shape;
    const layer = { ...LayerSpec.parse(given.layer), name: 'layer' };
    const [{ outputShape, weights }] = inferShapes(inputShape, [layer]) as [
      ReturnType<typeof inferShapes>[number],
    ];
    expect(outputShape).toEqual(tensorOf(given.output).shape.slice(1));
    const shapes = Object.entries(given.weights).map(([name, values]) => [name, tensorOf(values).shape]);
    expect(Object.fromEntries(weights.map(({ name, shape }) => [name, shape]))).toEqual(
      Object.fromEntries(shapes),
    );
  });
});
