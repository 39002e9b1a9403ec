import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { startBackend } from '../../../src/engine/backends/start.ts';
import { buildNetwork, forward, initialWeights } from '../../../src/engine/model/network.ts';
import { trainingRandom } from '../../../src/engine/model/random-source.ts';
import { fromArrays } from '../../../src/engine/tensors.ts';
import { fillNormal, key } from '../../../src/random.ts';
import { hiddenLayers } from '../../../src/spec/expand.ts';
import { ModelSpec } from '../../../src/spec/model.ts';

beforeAll(() => startBackend('wasm'));

const [DEPTH, WIDTH, BATCH] = [100, 100, 1_000];

/** Mean and standard deviation over the batch and units of each hidden layer, before any training. */
function signals(seed: number, dense: object, between: object[] = []) {
  const hidden = { type: 'dense', units: WIDTH, ...dense };
  const stack = Array.from({ length: DEPTH }, () => [hidden, ...between]).flat();
  const layers = hiddenLayers(ModelSpec.parse({ layers: [...stack, { type: 'dense', units: 1 }] }));
  const network = buildNetwork({ inputShape: [WIDTH], layers });
  const found: { mean: number; std: number }[] = [];
  tf.tidy(() => {
    const weights = fromArrays(initialWeights(network, seed));
    const x = tf.tensor2d(fillNormal(new Float32Array(BATCH * WIDTH), key(seed, 'x')), [BATCH, WIDTH]);
    forward(network, weights, x, {
      mode: 'train',
      random: trainingRandom(seed, 1, 1),
      onLayer: (_layer, output) => {
        const { mean, variance } = tf.moments(output);
        found.push({ mean: mean.dataSync()[0]!, std: Math.sqrt(variance.dataSync()[0]!) });
      },
    });
  });
  return found.slice(0, -1);
}

describe.each([1, 2, 3])('a hundred dense layers on standardized inputs, seed %d', (seed) => {
  test.each([
    ['SELU and LeCun normal', []],
    ['SELU and LeCun normal with alpha dropout between', [{ type: 'alphaDropout', rate: 0.1 }]],
  ])('keep mean 0 and standard deviation 1 in every layer by %s', (_, between) => {
    const found = signals(seed, { activation: 'selu', initializer: 'lecunNormal' }, between);
    expect(found).toHaveLength(DEPTH * (1 + between.length));
    // Kernels 100 wide leave each unit a mean of its own, so a layer's strays by some hundredths, at worst a tenth.
    for (const [layer, { mean, std }] of found.entries()) {
      expect(Math.abs(mean), `mean of layer ${layer}`).toBeLessThan(0.15);
      expect(std, `deviation of layer ${layer}`).toBeGreaterThan(0.8);
      expect(std, `deviation of layer ${layer}`).toBeLessThan(1.2);
    }
  });
});

describe('a hundred dense layers that don’t keep the conditions', () => {
  test.each(['glorotNormal', 'glorotUniform'])('die away by ReLU and %s', (initializer) => {
    const found = signals(1, { activation: 'relu', initializer });
    expect(found[9]!.std).toBeLessThan(0.1);
    expect(found.at(-1)!.std).toBeLessThan(1e-9);
  });

  test('blow up by SELU and He normal', () => {
    const found = signals(1, { activation: 'selu', initializer: 'heNormal' });
    expect(found[0]!.std).toBeGreaterThan(1.2);
    expect(found.at(-1)!.std).toBeGreaterThan(10);
  });

  test('widen by SELU and LeCun normal with plain dropout between', () => {
    const dropout = [{ type: 'dropout', rate: 0.1 }];
    const found = signals(1, { activation: 'selu', initializer: 'lecunNormal' }, dropout);
    expect(found.at(-1)!.std).toBeGreaterThan(1.2);
  });
});
