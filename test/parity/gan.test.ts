import { beforeAll, expect, it } from 'vitest';
import { startBackend } from '../../src/engine/backends/start.ts';
import { buildNetwork } from '../../src/engine/model/network.ts';
import { createEagerExecutor } from '../../src/engine/train/eager-executor.ts';
import { compileStage } from '../../src/engine/train/stage-program.ts';
import type { NamedArrays } from '../../src/safetensors.ts';
import { besideDiscriminator, resolveGenerator } from '../../src/spec/generator.ts';
import type { NamedLayer } from '../../src/spec/layer.ts';
import { type ObjectiveOf, ObjectiveSpec } from '../../src/spec/objective.ts';
import { StageSpec } from '../../src/spec/stage.ts';
import { settleStages } from '../../src/spec/trainable.ts';
import { fixture } from './fixture.ts';

/** Steps of a GAN against PyTorch's: test/parity/make_gan_fixtures.py. */
type Values = number | Values[];
interface Fixture {
  readonly initial: Record<string, Values>;
  readonly steps: readonly {
    readonly x: number[];
    readonly noise: number[];
    readonly logits: number[];
    readonly loss: number;
    readonly generatorLoss: number;
    readonly weights: Record<string, Values>;
  }[];
}

beforeAll(() => startBackend('wasm'));

const dense = (name: string, units: number, activation: string) =>
  ({ type: 'dense', name, units, activation, useBias: true }) as NamedLayer;
const flat = (values: Values): number[] => (Array.isArray(values) ? values.flatMap(flat) : [values]);
const shapeOf = (values: Values): number[] =>
  Array.isArray(values) ? [values.length, ...shapeOf(values[0]!)] : [];
const arraysOf = (weights: Record<string, Values>): NamedArrays =>
  Object.fromEntries(
    Object.entries(weights).map(([name, values]) => [
      name,
      { shape: shapeOf(values), data: Float32Array.from(flat(values)) },
    ]),
  );

it('a step moves the discriminator, and then the generator by what it says now', async () => {
  const { initial, steps } = fixture<Fixture>('gan');
  const optimizer = { type: 'sgd', learningRate: 0.3 };
  const gan = ObjectiveSpec.parse({
    type: 'gan',
    latent: 3,
    generator: { layers: [dense('hidden', 5, 'tanh')], optimizer: { ...optimizer, learningRate: 0.2 } },
    labelSmoothing: 0.1,
  }) as ObjectiveOf<'gan'>;
  const [stage] = settleStages([StageSpec.parse({ objective: gan, epochs: 1, optimizer })], [], []);
  const layers = [dense('hidden', 5, 'tanh'), dense('output', 1, 'sigmoid')];
  const job = {
    network: buildNetwork({ inputShape: [2], layers }),
    generator: buildNetwork(besideDiscriminator(resolveGenerator(gan, [2]))),
    task: 'gan' as const,
    inputs: [],
    seed: 1,
  };
  const { program, keysAt } = compileStage(job, stage!, 1);
  const executor = createEagerExecutor(program, keysAt);
  executor.load({ weights: arraysOf(initial), slots: {} });
  for (const [i, { x, noise, logits, loss, generatorLoss, weights }] of steps.entries()) {
    const batch = {
      count: 4,
      x: Float32Array.from(x),
      noise: Float32Array.from(noise),
      y: Float32Array.of(1, 0, 1, 0, 1, 0, 1, 0),
    };
    const report = await executor.step(batch, { step: i + 1, learningRate: 0.3, momentum: undefined });
    if ('nonFinite' in report) throw new Error('the step isn’t finite');
    expect(report.loss).toBeCloseTo(loss, 6);
    expect(report.nextLoss).toBeCloseTo(generatorLoss, 6);
    for (const [j, logit] of logits.entries()) expect(report.outputs[j]).toBeCloseTo(logit, 5);
    const saved = (await executor.save()).weights;
    for (const [name, { data }] of Object.entries(arraysOf(weights))) {
      for (const [j, value] of data.entries()) expect(saved[name]!.data[j]).toBeCloseTo(value, 5);
    }
  }
  executor.dispose();
});
