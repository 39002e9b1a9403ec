import { beforeAll, describe, expect, it } from 'vitest';
import { startBackend } from '../../../src/engine/backends/start.ts';
import { buildNetwork, initialWeights } from '../../../src/engine/model/network.ts';
import { encodeModel, loadModel } from '../../../src/engine/predict/trained-model.ts';
import type { Examples } from '../../../src/engine/train/batch.ts';
import { key, normal } from '../../../src/random.ts';
import { hiddenLayers } from '../../../src/spec/expand.ts';
import { ModelSpec } from '../../../src/spec/model.ts';
import type { Preprocess } from '../../../src/spec/preprocess.ts';
import { topologyFixture } from '../spec/topology-fixture.ts';
import { examples, hash, smallJob, train } from './small-job.ts';

beforeAll(() => startBackend('wasm'));

const stages = [{ epochs: 2, batchSize: 16, optimizer: { type: 'momentum', learningRate: 0.05 } }];

/** Classes told apart by which third of the numbers is greatest on the whole. */
function classified(count: number, width: number, units: number, seed: number): Examples {
  const x = Float32Array.from({ length: count * width }, (_, i) => normal(key(seed), i));
  const y = new Float32Array(count * units);
  for (let row = 0; row < count; row++) {
    const sums = Array.from({ length: units }, (_, unit) =>
      x
        .subarray(row * width, (row + 1) * width)
        .filter((_, i) => i % units === unit)
        .reduce((sum, v) => sum + v, 0),
    );
    y[row * units + sums.indexOf(Math.max(...sums))] = 1;
  }
  return { count, width, units, x, y };
}

/** The same job, its network made of the model instead. */
function jobOf(model: object, inputShape: number[], data: Examples, validation: Examples) {
  const layers = hiddenLayers(ModelSpec.parse(model));
  const job = smallJob({ layers: [], stages, train: data, validation });
  return { ...job, network: buildNetwork({ inputShape, layers }) };
}

describe('a topology', () => {
  it('trains bit for bit as the same net written as a list: wide and deep', async () => {
    const hidden = { type: 'dense', units: 30, activation: 'relu', initializer: 'heNormal' };
    const layers = [
      { ...hidden, name: 'dense' },
      { ...hidden, name: 'dense_1' },
      { type: 'concat', name: 'concatenate', inputs: ['input', 'dense_1'] },
      { type: 'dense', name: 'strength', units: 1, initializer: 'glorotUniform' },
    ];
    const data = [examples(64, 8, 1), examples(32, 8, 2)] as const;
    const [ours, theirs] = await Promise.all([
      train(jobOf({ layers }, [8], ...data)),
      train(jobOf({ topology: topologyFixture('wide-and-deep.keras2') }, [8], ...data)),
    ]);
    expect(hash(theirs.weights!)).toBe(hash(ours.weights!));
    expect(theirs.epochs.map(({ metrics }) => metrics)).toEqual(ours.epochs.map(({ metrics }) => metrics));
  });

  it.each([
    ['residual.keras3', [64], 10],
    ['mobilenet.tfjs', [32, 32, 3], 3],
  ] as const)('trains: %s', async (name, inputShape, units) => {
    const width = inputShape.reduce<number>((product, n) => product * n, 1);
    const data = [classified(48, width, units, 1), classified(16, width, units, 2)] as const;
    const { epochs, weights } = await train(
      jobOf({ topology: topologyFixture(name) }, [...inputShape], ...data),
    );
    const [first, second] = epochs.map(({ metrics }) => metrics.loss!);
    expect(second).toBeLessThan(first!);
    expect(Object.values(weights!).every(({ data: values }) => values.every(Number.isFinite))).toBe(true);
  });

  it('is saved as the layers that it stands for', () => {
    const data = [classified(16, 64, 10, 1), classified(16, 64, 10, 2)] as const;
    const { network } = jobOf({ topology: topologyFixture('residual.keras3') }, [64], ...data);
    const preprocess: Preprocess = {
      task: 'classification',
      inputs: [{ type: 'number', name: 'x', mean: 0, std: 1 }],
      target: { type: 'category', name: 'y', classes: ['a', 'b'] },
    };
    const model = loadModel(encodeModel(network.spec, preprocess, initialWeights(network, 1)));
    expect(model.network.spec.layers).toEqual(network.spec.layers);
    expect(model.network.spec.layers.at(-1)).toMatchObject({ name: 'dense', activation: 'softmax' });
    model.dispose();
  });
});
