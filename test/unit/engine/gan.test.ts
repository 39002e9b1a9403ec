import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { startBackend } from '../../../src/engine/backends/start.ts';
import { buildNetwork } from '../../../src/engine/model/network.ts';
import { makeUpExamples } from '../../../src/engine/predict/make-up.ts';
import type { Examples } from '../../../src/engine/train/batch.ts';
import { DivergedError } from '../../../src/engine/train/diverged.ts';
import { ganMetrics } from '../../../src/engine/train/gan-metrics.ts';
import type { TrainJob } from '../../../src/engine/train/train-job.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../../src/engine/train/train-state.ts';
import { fillNormal, key } from '../../../src/random.ts';
import { besideDiscriminator, byItself, resolveGenerator } from '../../../src/spec/generator.ts';
import { type ObjectiveOf, ObjectiveSpec } from '../../../src/spec/objective.ts';
import { hash, nothingTold, smallJob, train } from './small-job.ts';

beforeAll(() => startBackend('wasm'));

const GAN = {
  type: 'gan',
  latent: 4,
  generator: {
    layers: [
      { type: 'dense', units: 16, activation: 'relu' },
      { type: 'batchNorm' },
      { type: 'dropout', rate: 0.1 },
    ],
  },
};

/** Two numbers an example, around (2, −1). */
function cloud(count: number, seed: number): Examples {
  const x = fillNormal(new Float32Array(count * 2), key(seed, 'cloud')).map(
    (value, i) => 0.5 * value + (i % 2 === 0 ? 2 : -1),
  );
  return { count, width: 2, units: 1, x, y: new Float32Array(count) };
}

function ganJob(stage: Record<string, unknown> = {}, checkpointEvery = 1_000): TrainJob {
  const objective = ObjectiveSpec.parse(stage.objective ?? GAN) as ObjectiveOf<'gan'>;
  const optimizer = { type: 'adam', learningRate: 0.005, beta1: 0.5 };
  const job = smallJob({
    task: 'gan',
    outputUnits: 1,
    train: cloud(70, 1),
    validation: cloud(30, 2),
    layers: [
      { type: 'dense', name: 'low', units: 16, activation: 'leakyRelu' },
      { type: 'dropout', name: 'drop', rate: 0.2 },
    ],
    stages: [{ objective, epochs: 3, batchSize: 16, optimizer, ...stage }],
    checkpointEvery,
  });
  const generator = buildNetwork(besideDiscriminator(resolveGenerator(objective, [2])));
  return { ...job, generator };
}

describe('a GAN', () => {
  it('goes on bit for bit from every checkpoint, the generator too', async () => {
    const straight = await train(ganJob({}, 4));
    expect(straight.checkpoints.length).toBeGreaterThan(2);
    for (const checkpoint of straight.checkpoints) {
      const resumed = await train(ganJob(), { resume: decodeCheckpoint(encodeCheckpoint(checkpoint)) });
      expect(hash(resumed.weights!)).toBe(hash(straight.weights!));
    }
    const [first] = straight.checkpoints;
    const moved = Object.keys(first!.weights).filter(
      (name) => first!.weights[name]!.data.join() !== straight.weights![name]!.data.join(),
    );
    expect(moved.sort()).toEqual(Object.keys(straight.weights!).sort());
  });

  it('makes up what is like the examples, and tells its losses', async () => {
    const job = ganJob({ epochs: 150 });
    const { weights, epochs, points } = await train(job);
    const made = await makeUpExamples(job.generator!, weights!, 1, 500);
    const mean = (place: number) => made.reduce((sum, v, i) => sum + (i % 2 === place ? v : 0), 0) / 500;
    expect(Math.abs(mean(0) - 2)).toBeLessThan(0.6);
    expect(Math.abs(mean(1) + 1)).toBeLessThan(0.6);
    expect(await makeUpExamples(job.generator!, weights!, 1, 500)).toEqual(made);
    const last = epochs.at(-1)!.metrics;
    for (const name of ['loss', 'generatorLoss', 'accuracy', 'trueScore', 'madeUpScore'])
      for (const metric of [name, `val_${name}`]) expect(last[metric]).toBeGreaterThan(0);
    expect(points.some(({ name }) => name === 'step_generator_loss')).toBe(true);
  });

  it('leaves no tensor behind', async () => {
    await train(ganJob());
    const before = tf.memory().numTensors;
    await train(ganJob());
    expect(tf.memory().numTensors).toBe(before);
  });

  it('ends with its last finite state where only a gradient of the generator overflows', async () => {
    const constant = (value: number) => ({ initializer: { type: 'constant', value } });
    const layers = [
      { type: 'dense', units: 4, ...constant(1e-24) },
      { type: 'dense', units: 4, ...constant(1e24) },
    ];
    const told = nothingTold();
    await expect(train(ganJob({ objective: { ...GAN, generator: { layers } } }), { told })).rejects.toThrow(
      DivergedError,
    );
    expect(told.points).toEqual([]);
    expect(told.checkpoints.at(-1)!.position.step).toBe(0);
  });

  it('freezes the discriminator’s layers, and none of the generator’s', async () => {
    const { checkpoints, weights } = await train(ganJob({ trainable: { layers: ['output'] } }, 1));
    const same = (name: string) => checkpoints[0]!.weights[name]!.data.join() === weights![name]!.data.join();
    expect(same('low/kernel')).toBe(true);
    expect(same('output/kernel')).toBe(false);
    expect(same('generator.dense_1/kernel')).toBe(false);
  });
});

describe('a generator', () => {
  const gan = (layers: object[]) =>
    ObjectiveSpec.parse({ ...GAN, generator: { layers } }) as ObjectiveOf<'gan'>;

  it('gets an output where its layers end in no picture', () => {
    const { layers } = resolveGenerator(gan([{ type: 'dense', units: 5 }]), [2, 3]);
    expect(layers.at(-1)).toMatchObject({ type: 'dense', units: 6, activation: 'linear' });
  });

  it('needs none where they do', () => {
    const layers = [
      { type: 'dense', units: 8 },
      { type: 'reshape', shape: [2, 2, 2] },
      { type: 'conv2dTranspose', filters: 1, kernelSize: 2, strides: 2, activation: 'tanh' },
    ];
    expect(resolveGenerator(gan(layers), [4, 4, 1]).layers.at(-1)).toMatchObject({ type: 'flatten' });
  });

  it('is itself again without the names that it has beside a discriminator', () => {
    const graph = resolveGenerator(
      gan([
        { type: 'dense', name: 'a', units: 5 },
        { type: 'dense', name: 'b', units: 5 },
        { type: 'add', inputs: ['a', 'b'] },
        { type: 'concat', inputs: ['input', 'add_1'] },
      ]),
      [2],
    );
    const beside = besideDiscriminator(graph);
    expect(beside.layers.map(({ name }) => name)[0]).toBe('generator.a');
    expect(beside.layers[3]!.inputs).toEqual(['input', 'generator.add_1']);
    expect(byItself(beside)).toEqual(graph);
  });
});

describe('the metrics of a GAN', () => {
  it('are those of a coin where the logits are 0', () => {
    const metrics = ganMetrics();
    metrics.add(Float32Array.of(0, 0, 0, 0), Float32Array.of(1, 0, 1, 0), 2, 2);
    expect(metrics.result()).toEqual({
      accuracy: 0.5,
      trueScore: 0.5,
      madeUpScore: 0.5,
      generatorLoss: expect.closeTo(Math.LN2, 12),
    });
  });

  it('go on from a state', () => {
    const [whole, first, second] = [ganMetrics(), ganMetrics(), ganMetrics()];
    whole.add(Float32Array.of(2, -1, 0.5, 3), new Float32Array(4), 2, 2);
    first.add(Float32Array.of(2, -1), new Float32Array(2), 1, 2);
    second.restore(first.state());
    second.add(Float32Array.of(0.5, 3), new Float32Array(2), 1, 2);
    expect(second.result()).toEqual(whole.result());
  });
});
