import { describe, expect, it, test } from 'vitest';
import { compile } from '../../src/engine/compile/compile.ts';
import { linesOf } from '../../src/engine/compile/lines.ts';
import { batchShapes, keyName, scalarName, stepOf } from '../../src/engine/compile/step-program.ts';
import { buildNetwork } from '../../src/engine/model/network.ts';
import type { Batch, Examples } from '../../src/engine/train/batch.ts';
import { createEagerExecutor } from '../../src/engine/train/eager-executor.ts';
import type { TrainJob } from '../../src/engine/train/train-job.ts';
import { key, normal } from '../../src/random.ts';
import { besideDiscriminator, resolveGenerator } from '../../src/spec/generator.ts';
import type { LayerType } from '../../src/spec/layer.ts';
import { LossSpec, type ObjectiveOf, ObjectiveSpec, pretrainingTask } from '../../src/spec/objective.ts';
import { OptimizerSpec } from '../../src/spec/optimizer.ts';
import type { InputEncoding } from '../../src/spec/preprocess.ts';
import {
  apart,
  bothWays,
  compiledExecutor,
  greatest,
  type Steps,
  startOf,
  take,
} from '../unit/engine/compile/compared.ts';
import type { Numbers } from '../unit/engine/compile/interpret.ts';
import { Running } from '../unit/engine/compile/running.ts';
import { type SmallJob, smallJob } from '../unit/engine/small-job.ts';
import { NETWORKS } from './networks.ts';

const STEPS = 20;
/** Batches of 6, 6 and 4. */
const [COUNT, SIZE] = [16, 6];
const CLOSE = 1e-5;
const MOMENT = { step: 1, learningRate: 0.01, momentum: undefined };
type Start = Awaited<ReturnType<typeof startOf>>;

/** Whole ids for an embedding, else standard normal numbers; targets that don't follow from them. */
function drawn(
  width: number,
  { ids, units = 1, weighted = false }: { ids?: number | undefined; units?: number; weighted?: boolean } = {},
): Examples {
  const draws = key(11, 'compiled');
  const x = Float32Array.from({ length: COUNT * width }, (_, i) => (ids ? (i * 7) % ids : normal(draws, i)));
  const y = Float32Array.from({ length: COUNT * units }, (_, i) => normal(draws, 10_000 + i));
  const weights = Float32Array.from({ length: COUNT }, (_, i) => 0.25 + (i % 5) / 2);
  return { count: COUNT, width, units, x, y, ...(weighted && { weights }) };
}

const sizeOf = (shape: readonly number[]) => shape.reduce((product, n) => product * n, 1);

/** A network with one kind of layer. */
function layered(type: LayerType, stage: object = { optimizer: { type: 'sgd' } }): TrainJob {
  const { inputShape, layers, ids } = NETWORKS[type];
  return smallJob({
    layers,
    inputShape,
    train: drawn(sizeOf(inputShape), { ids }),
    stages: [{ epochs: 1, ...stage }],
  });
}

/** Expects the same of both: losses, norms, outputs, evaluations and what is left. */
function expectAlike({ eager, compiled }: { eager: Steps; compiled: Steps }, close = CLOSE): void {
  expect([eager.nonFinite, compiled.nonFinite]).toEqual([[], []]);
  for (const [i, report] of eager.reports.entries()) {
    const other = compiled.reports[i]!;
    for (const name of ['loss', 'nextLoss'] as const) {
      const [a, b] = [report[name], other[name]];
      expect(typeof b).toBe(typeof a);
      // A likelihood can be 0, where no error is small beside it.
      if (a !== undefined)
        expect(Math.abs(a - b!), `${name} of step ${i + 1}: ${b}, not ${a}`).toBeLessThan(
          close * Math.max(0.1, Math.abs(a)),
        );
    }
    for (const name of ['gradientNorm', 'nextGradientNorm'] as const) {
      const [a, b] = [report[name], other[name]];
      if (a !== undefined)
        expect(Math.abs(a - b!), `${name} of step ${i + 1}: ${b}, not ${a}`).toBeLessThan(
          10 * close * Math.max(0.1, a),
        );
    }
    expect(apart(report.outputs, other.outputs), `outputs of step ${i + 1}`).toBeLessThan(
      10 * close * Math.max(1, greatest(report.outputs)),
    );
  }
  for (const [i, { loss, outputs }] of eager.evaluations.entries()) {
    const other = compiled.evaluations[i]!;
    expect(Math.abs(loss - other.loss)).toBeLessThan(close * Math.max(0.1, Math.abs(loss)));
    expect(apart(outputs, other.outputs)).toBeLessThan(10 * close * Math.max(1, greatest(outputs)));
  }
  for (const kind of ['weights', 'slots'] as const) {
    expect(Object.keys(compiled.state[kind])).toEqual(Object.keys(eager.state[kind]));
    for (const [name, { shape, data }] of Object.entries(eager.state[kind])) {
      const other = compiled.state[kind][name]!;
      expect(other.shape).toEqual(shape);
      expect(apart(data, other.data), name).toBeLessThan(10 * close * Math.max(1, greatest(data)));
    }
  }
}

/** Expects the same gradients: without momentum, the velocity of a first step of rate 1 is the gradient's negative. */
async function expectSameGradients(jobOf: (stage: object) => TrainJob): Promise<void> {
  const job = jobOf({ optimizer: { type: 'momentum', momentum: 0 } });
  const { eager, compiled } = await bothWays(job, { steps: 1, size: SIZE, learningRate: 1 });
  const all = Object.values(eager.state.slots).map(({ data }) => data);
  const most = Math.max(...all.map(greatest));
  expect(most).toBeGreaterThan(0);
  for (const [name, { data }] of Object.entries(eager.state.slots))
    expect(apart(data, compiled.state.slots[name]!.data), name).toBeLessThan(CLOSE * most);
}

describe.each(Object.keys(NETWORKS) as LayerType[])('a network with %s', (type) => {
  it('takes the steps that it takes eagerly', async () => {
    expectAlike(await bothWays(layered(type), { steps: STEPS, size: SIZE }));
  });

  it('has its gradients', async () => {
    await expectSameGradients((stage) => layered(type, stage));
  });
});

const ACTIVATIONS = [
  ...['linear', 'sigmoid', 'tanh', 'relu', 'relu6', 'leakyRelu', 'elu', 'selu', 'gelu', 'swish', 'softplus'],
  ...['softmax', 'prelu', 'rrelu', { type: 'elu', alpha: 0.7 }, { type: 'leakyRelu', alpha: 0 }],
];
test.each(ACTIVATIONS)('the activation %j takes its steps, and has its gradients', async (activation) => {
  const jobOf = (stage: object) =>
    smallJob({
      layers: [
        { type: 'dense', units: 7, activation },
        { type: 'dense', units: 5 },
        { type: 'activation', activation },
      ],
      train: drawn(4),
      stages: [{ epochs: 1, ...stage }],
    });
  expectAlike(await bothWays(jobOf({ optimizer: { type: 'sgd' } }), { steps: STEPS, size: SIZE }));
  await expectSameGradients(jobOf);
});

/** A small network, whose every weight has a gradient that is well away from zero. */
function plain(stage: object, change: Partial<SmallJob> = {}): TrainJob {
  const layers = [
    { type: 'dense', name: 'low', units: 6, activation: 'tanh', l1: 0.01, l2: 0.02 },
    { type: 'dense', name: 'high', units: 5, activation: 'sigmoid' },
  ];
  return smallJob({ layers, train: drawn(4), stages: [{ epochs: 1, ...stage }], ...change });
}

const LOSSES: Record<LossSpec['type'], object[]> = {
  categoricalCrossEntropy: [{}, { labelSmoothing: 0.1 }],
  binaryCrossEntropy: [{}, { labelSmoothing: 0.2 }],
  mse: [{}],
  mae: [{}],
  huber: [{}, { delta: 0.3 }],
  gaussianNll: [{}],
};
const losses = LossSpec.def.options.flatMap(({ shape }) =>
  LOSSES[shape.type.value].map((more) => ({ type: shape.type.value, ...more })),
);
describe.each(losses)('the loss %j', (loss) => {
  const isClassifying = loss.type === 'categoricalCrossEntropy' || loss.type === 'binaryCrossEntropy';
  const jobOf = (weighted: boolean) => (stage: object) => {
    const train = drawn(4, { units: isClassifying ? 3 : 2, weighted });
    const y = isClassifying ? train.y.map((_, i) => Number(i % 3 === ((i * 5) % 4) % 3)) : train.y;
    return plain(
      { objective: { type: 'supervised', loss }, ...stage },
      {
        train: { ...train, y },
        task: loss.type === 'categoricalCrossEntropy' ? 'classification' : 'regression',
        distribution: loss.type === 'gaussianNll' ? 'gaussian' : 'point',
      },
    );
  };

  it.each([false, true])(
    'takes its steps, and has its gradients; with weights of examples: %s',
    async (weighted) => {
      expectAlike(
        await bothWays(jobOf(weighted)({ optimizer: { type: 'sgd' } }), { steps: STEPS, size: SIZE }),
      );
      await expectSameGradients(jobOf(weighted));
    },
  );

  if (loss.type !== 'gaussianNll' && !isClassifying) {
    it('moves a Gaussian output’s mean alone', async () => {
      const job = (stage: object) =>
        plain(
          { objective: { type: 'supervised', loss }, ...stage },
          { train: drawn(4), distribution: 'gaussian' },
        );
      expectAlike(await bothWays(job({ optimizer: { type: 'sgd' } }), { steps: STEPS, size: SIZE }));
      await expectSameGradients(job);
    });
  }
});

const OPTIMIZERS: Record<OptimizerSpec['type'], object[]> = {
  sgd: [{}],
  momentum: [{}],
  nesterov: [{}],
  adagrad: [{}],
  rmsprop: [{}, { momentum: 0.5 }, { centered: true }, { centered: true, momentum: 0.9 }],
  adam: [{}],
  adamax: [{}],
  nadam: [{}],
  adamw: [{}],
};
const optimizers = OptimizerSpec.def.options.flatMap(({ shape }) =>
  OPTIMIZERS[shape.type.value].map((more) => ({ type: shape.type.value, ...more })),
);
const CLIPS = [undefined, { value: 0.02 }, { norm: 0.05 }, { globalNorm: 0.1 }];
describe.each(optimizers)('the optimizer %j', (optimizer) => {
  it.each(CLIPS)('takes its steps, clipped by %j', async (clip) => {
    const job = plain({ optimizer: { ...optimizer, ...(clip && { clip }) } });
    expectAlike(await bothWays(job, { steps: STEPS, size: SIZE }));
  });
});

test.each([
  'dense',
  'conv2d',
  'conv2dTranspose',
  'depthwiseConv2d',
  'separableConv2d',
  'embedding',
  'lstm',
] as const)('max-norm holds the weights of %s', async (type) => {
  const { inputShape, layers, ids } = NETWORKS[type];
  const bounded = layers.map((layer) => {
    const { type } = layer as { type: LayerType };
    return ['dense', 'embedding'].includes(type) || type.includes('onv')
      ? { ...(layer as object), maxNorm: 0.4 }
      : layer;
  });
  const train = drawn(sizeOf(inputShape), { ids });
  const job = smallJob({
    layers: bounded,
    inputShape,
    train,
    stages: [{ epochs: 1, optimizer: { type: 'sgd' } }],
  });
  expectAlike(await bothWays(job, { steps: STEPS, size: SIZE, learningRate: 0.1 }));
});

describe('frozen layers', () => {
  const layers = [
    { type: 'dense', name: 'low', units: 6, activation: 'tanh', l2: 0.1 },
    { type: 'batchNorm', name: 'norm' },
    { type: 'dropout', name: 'drop', rate: 0.3 },
    { type: 'dense', name: 'middle', units: 5, activation: 'tanh' },
    { type: 'batchNorm', name: 'other' },
  ];
  it.each([[['middle', 'output']], [['low', 'other', 'output']], [['norm', 'output']], [['output']]])(
    'stay, and only %j move',
    async (moving) => {
      const stage = { trainable: { layers: moving }, optimizer: { type: 'adam' } };
      const job = plain(stage, { layers });
      const both = await bothWays(job, { steps: STEPS, size: SIZE });
      expectAlike(both);
      const { state } = await startOf(job);
      for (const [name, { data }] of Object.entries(both.compiled.state.weights)) {
        const isMoved = moving.includes(name.split('/')[0]!);
        expect(
          data.some((value, i) => value !== state.weights[name]!.data[i]),
          name,
        ).toBe(isMoved);
      }
    },
  );
});

const picture: InputEncoding[] = [
  { type: 'tensor', name: 'image', shape: [4, 4, 1], scale: 1, mean: [0], std: [1] },
];
const UNITS = { reconstruction: 16, rotation: 4, pairs: 1, gan: 1 };
const OBJECTIVES = [
  { type: 'autoencoder' },
  { type: 'autoencoder', loss: { type: 'huber', delta: 0.5 } },
  { type: 'autoencoder', loss: { type: 'mae' } },
  { type: 'denoising' },
  { type: 'denoising', noise: 'gaussian', amount: 0.5 },
  { type: 'masked', patch: 2 },
  { type: 'masked', patch: 1, loss: { type: 'mae' } },
  { type: 'rotation' },
  { type: 'pairs' },
];
function pretraining(objective: object, stage: object): TrainJob {
  const task = pretrainingTask(ObjectiveSpec.parse(objective))!;
  const train = drawn(16);
  return smallJob({
    task,
    outputUnits: UNITS[task],
    inputs: picture,
    inputShape: [4, 4, 1],
    train: { ...train, y: train.y.map((_, i) => i % 2) },
    layers: [
      { type: 'flatten' },
      { type: 'dense', units: 10, activation: 'tanh' },
      { type: 'batchNorm' },
      { type: 'dropout', rate: 0.1 },
      { type: 'dense', units: 6, activation: 'tanh' },
    ],
    stages: [{ objective, epochs: 1, ...stage }],
  });
}
test.each(OBJECTIVES)('the objective %j takes its steps, and has its gradients', async (objective) => {
  expectAlike(
    await bothWays(pretraining(objective, { optimizer: { type: 'sgd' } }), { steps: STEPS, size: SIZE }),
  );
  await expectSameGradients((stage) => pretraining(objective, stage));
});

describe('a GAN', () => {
  const gan = (generator: object[], layers: object[], stage: object, more: object = {}): TrainJob => {
    const objective = ObjectiveSpec.parse({
      type: 'gan',
      latent: 3,
      generator: { layers: generator, ...more },
      labelSmoothing: 0.1,
    }) as ObjectiveOf<'gan'>;
    const job = smallJob({
      task: 'gan',
      outputUnits: 1,
      train: drawn(2),
      layers,
      stages: [{ objective, epochs: 1, ...stage }],
    });
    return { ...job, generator: buildNetwork(besideDiscriminator(resolveGenerator(objective, [2]))) };
  };
  const GENERATORS = {
    plain: [{ type: 'dense', units: 5, activation: 'tanh' }],
    'with batch norm and penalties': [
      { type: 'dense', units: 5, activation: 'tanh', l2: 0.1 },
      { type: 'batchNorm' },
    ],
    'that draws random numbers': [
      { type: 'dense', units: 5, activation: 'rrelu' },
      { type: 'dropout', rate: 0.4 },
      { type: 'gaussianNoise', std: 0.3 },
    ],
  };
  const judge = [
    { type: 'dense', units: 6, activation: 'leakyRelu' },
    { type: 'dropout', rate: 0.2 },
    { type: 'batchNorm' },
  ];
  it.each(Object.entries(GENERATORS))('moves its discriminator and a generator %s', async (_, generator) => {
    const jobOf = (stage: object) => gan(generator, judge, stage);
    const both = await bothWays(jobOf({ optimizer: { type: 'sgd' } }), {
      steps: STEPS,
      size: SIZE,
      learningRate: 0.1,
    });
    expectAlike(both);
    expect(both.compiled.reports[0]!.nextLoss).toBeGreaterThan(0);
    await expectSameGradients(jobOf);
  });

  it('has a generator with an optimizer of its own', async () => {
    const optimizer = { type: 'adam', learningRate: 0.002, beta1: 0.5 };
    const job = gan(
      GENERATORS.plain,
      judge,
      { optimizer: { type: 'momentum', learningRate: 0.01 } },
      { optimizer },
    );
    expectAlike(await bothWays(job, { steps: STEPS, size: SIZE }));
  });
});

describe('a step that isn’t finite', () => {
  const nothing = Number.NaN;
  const straight = [
    { type: 'dense', name: 'low', units: 6, activation: 'relu' },
    { type: 'dense', name: 'high', units: 5 },
  ];
  const CASES: [string, { x?: number; y?: number; weight?: string; layers?: object[] }][] = [
    ['an input', { x: nothing }],
    ['an input that is too great', { x: 3e38, layers: straight }],
    ['a target that is too great', { y: 1e30 }],
    ['a target', { y: nothing }],
    ['a weight of the first layer', { weight: 'low/kernel' }],
    ['a bias of the second layer', { weight: 'high/bias' }],
    ['a weight of the output', { weight: 'output/kernel' }],
  ];
  it.each(CASES)(
    'because of %s changes nothing, and tells what it tells eagerly',
    async (_, { x, y, weight, layers }) => {
      const start = await startOf(plain({ optimizer: { type: 'adam' } }, layers && { layers }));
      const given = start.batchAt(1, SIZE);
      const broken = (numbers: Float32Array, by: number | undefined) =>
        by === undefined ? numbers : numbers.map((value, i) => (i === 3 ? by : value));
      const batch = { ...given, x: broken(given.x, x), y: broken(given.y, y) };
      const weights = weight
        ? {
            ...start.state.weights,
            [weight]: {
              ...start.state.weights[weight]!,
              data: start.state.weights[weight]!.data.map((v, i) => (i === 1 ? nothing : v)),
            },
          }
        : start.state.weights;
      const state = { ...start.state, weights };
      const executors = [createEagerExecutor(start.program, start.keysAt), await compiledExecutor(start)];
      const told = [];
      for (const executor of executors) {
        executor.load(state);
        told.push(await executor.step(batch, { step: 1, learningRate: 0.01, momentum: undefined }));
        expect(await executor.save()).toEqual(state);
        executor.dispose();
      }
      expect(told[0]).toHaveProperty('nonFinite');
      expect(told[1]).toEqual(told[0]);
    },
  );

  it('can be followed by one that is', async () => {
    const start = await startOf(plain({ optimizer: { type: 'adam' } }));
    const batch = start.batchAt(1, SIZE);
    const executor = await compiledExecutor(start);
    executor.load(start.state);
    const moment = { step: 1, learningRate: 0.01, momentum: undefined };
    expect(await executor.step({ ...batch, x: batch.x.map(() => nothing) }, moment)).toHaveProperty(
      'nonFinite',
    );
    const after = await executor.step(batch, moment);
    executor.load(start.state);
    expect(await executor.step(batch, moment)).toEqual(after);
    executor.dispose();
  });
});

describe('going on from what was saved', () => {
  const JOBS: [string, () => TrainJob, number][] = [
    [
      'adam and dropout',
      () =>
        plain(
          { optimizer: { type: 'adam' } },
          { layers: [...NETWORKS.dropout.layers, { type: 'batchNorm' }] },
        ),
      1,
    ],
    ['convolutions', () => layered('separableConv2d', { optimizer: { type: 'nadam' } }), 1],
    ['a recurrent network', () => layered('lstm', { optimizer: { type: 'rmsprop', momentum: 0.5 } }), 1],
    [
      'three threads',
      () =>
        plain(
          { optimizer: { type: 'adam' } },
          { layers: [...NETWORKS.dropout.layers, { type: 'batchNorm' }] },
        ),
      3,
    ],
  ];
  it.each(JOBS)('is going on as if nothing had been, bit for bit: %s', async (_, jobOf, threads) => {
    const start = await startOf(jobOf());
    const straight = await take(await compiledExecutor(start, threads), start, { steps: 9, size: SIZE });
    const first = await take(await compiledExecutor(start, threads), start, { steps: 4, size: SIZE });
    const executor = await compiledExecutor(start, threads);
    executor.load(first.state);
    const reports = [];
    for (let step = 5; step <= 9; step++)
      reports.push(
        await executor.step(start.batchAt(step, SIZE), { step, learningRate: 0.01, momentum: undefined }),
      );
    expect(reports).toEqual(straight.reports.slice(4));
    expect(await executor.save()).toEqual(straight.state);
    executor.dispose();
  });
});

describe('divided among threads', () => {
  /** What a first step takes, by the names of its inputs. */
  function inputsOf({ program, keysAt, state }: Start, batch: Batch): Numbers {
    const scalars = Object.entries(program.optimizer.scalars?.(MOMENT) ?? {});
    const keys = program.network.layers.map(({ name }) => [keyName(name), keysAt(1)(name)]);
    const arrays = { ...state.weights, ...state.slots };
    const lines = Object.entries(linesOf(program, state)).map(([line, names]) => [
      line,
      names.flatMap((name) => [...arrays[name]!.data]),
    ]);
    return Object.fromEntries([
      ...Object.entries(batch).filter(([, value]) => value instanceof Float32Array),
      ...scalars.map(([name, value]) => [scalarName('own', name), [Math.fround(value)]]),
      ...keys,
      ...Object.entries(arrays).map(([name, { data }]) => [name, data]),
      ...lines,
    ]);
  }

  it.each(Object.keys(NETWORKS) as LayerType[])(
    'a network with %s takes the step that one takes',
    async (type) => {
      const start = await startOf(layered(type));
      const batch = start.batchAt(1, SIZE);
      const inputs = inputsOf(start, batch);
      const { program, schedule } = compile(
        stepOf(start.program, batchShapes(start.program, batch), start.state),
      );
      const alone = new Running(program, schedule).run(inputs);
      for (const threads of [2, 3, 4]) {
        const running = new Running(program, schedule, threads, batch.count);
        const together = running.run(inputs);
        for (const [name, numbers] of Object.entries({ ...alone.results, ...alone.nextState })) {
          const other = { ...together.results, ...together.nextState }[name]!;
          expect(apart(numbers, other), name).toBeLessThan(CLOSE * Math.max(1, greatest(numbers)));
        }
        expect(running.run(inputs)).toEqual(together);
      }
    },
  );

  it('a network that is worth it takes its steps, the same every time', async () => {
    const layers = [
      { type: 'dense', units: 300, activation: 'relu' },
      { type: 'batchNorm' },
      { type: 'dense', units: 200, activation: 'tanh' },
    ];
    const jobOf = () => plain({ optimizer: { type: 'sgd' } }, { layers, train: drawn(150) });
    const taking = { steps: 5, size: COUNT, threads: 2 };
    const [first, second] = [await bothWays(jobOf(), taking), await bothWays(jobOf(), taking)];
    expectAlike(first);
    expect(second.compiled).toEqual(first.compiled);
  });
});
