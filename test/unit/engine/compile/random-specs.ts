import fc from 'fast-check';
import type { Examples } from '../../../../src/engine/train/batch.ts';
import type { TrainJob } from '../../../../src/engine/train/train-job.ts';
import { key, normal } from '../../../../src/random.ts';
import { LayerSpec, type NamedLayer } from '../../../../src/spec/layer.ts';
import { inferShapes } from '../../../../src/spec/shapes.ts';
import { type SmallJob, smallJob } from '../small-job.ts';

type Choices = readonly [kind: number, a: number, b: number, c: number];

/** A job that nobody thought of: layers in an order in which they fit, and what they are trained by. */
export interface RandomSpec {
  readonly size: number;
  readonly job: (optimizer?: object) => TrainJob;
}

const INPUTS = [[5], [12], [6, 3], [5, 5, 2], [6, 4, 3], [4]] as const;
/** The last one of the inputs has ids. */
const IDS = INPUTS.length - 1;

const ACTIVATIONS = [
  ...(['linear', 'sigmoid', 'tanh', 'relu', 'relu6', 'leakyRelu', 'elu', 'selu', 'gelu', 'swish'] as const),
  ...(['softplus', 'softmax', 'prelu', 'rrelu'] as const),
];
const UNIT_ACTIVATIONS = ['tanh', 'sigmoid', 'softplus', 'elu'] as const;
const OPTIMIZERS = [
  ...[{ type: 'sgd' }, { type: 'momentum' }, { type: 'nesterov' }, { type: 'adagrad' }, { type: 'adam' }],
  ...[{ type: 'rmsprop', momentum: 0.5 }, { type: 'rmsprop', centered: true }, { type: 'adamax' }],
  ...[{ type: 'nadam' }, { type: 'adamw' }],
];
const CLIPS = [undefined, undefined, { value: 0.05 }, { norm: 0.1 }, { globalNorm: 0.5 }];

export const aSpec: fc.Arbitrary<RandomSpec> = fc
  .record({
    input: fc.nat(INPUTS.length - 1),
    choices: fc.array(fc.tuple(fc.nat(29), fc.nat(), fc.nat(), fc.nat()), { maxLength: 9 }),
    optimizer: fc.constantFrom(...OPTIMIZERS),
    clip: fc.constantFrom(...CLIPS),
    loss: fc.nat(7),
    size: fc.integer({ min: 1, max: 9 }),
    left: fc.integer({ min: 1, max: 9 }),
    weighted: fc.boolean(),
    frozen: fc.option(fc.nat(), { freq: 4 }),
    seed: fc.nat(),
  })
  .map(({ input, choices, optimizer, clip, loss, size, left, weighted, frozen, seed }) => {
    const inputShape = [...INPUTS[input]!];
    const layers = fitting(inputShape, input === IDS, choices);
    const { units, spec, change } = taskOf(loss);
    const count = size + Math.min(left, size);
    const train = drawn(count, inputShape, {
      units,
      seed,
      weighted,
      ids: input === IDS,
      isClass: spec !== undefined,
    });
    const stage = {
      epochs: 1,
      ...(spec && { objective: { type: 'supervised', loss: spec } }),
      ...(frozen !== null && { trainable: { layers: [...moving(layers, frozen), 'output'] } }),
    };
    const own = { ...optimizer, ...(clip && { clip }) };
    return {
      size,
      job: (other = own) =>
        smallJob({ layers, inputShape, train, stages: [{ ...stage, optimizer: other }], seed, ...change }),
      toString: () =>
        JSON.stringify({
          inputShape,
          layers,
          stage,
          optimizer: own,
          size,
          count,
          units,
          weighted,
          seed,
          change,
        }),
    };
  });

function moving(layers: readonly NamedLayer[], frozen: number): string[] {
  return layers.map(({ name }) => name).filter((_, i) => (frozen >> (i % 30)) % 2 === 0);
}

/** Targets and the loss of them. */
function taskOf(choice: number): { units: number; spec?: object; change: Partial<SmallJob> } {
  switch (choice) {
    case 0:
    case 1:
      return {
        units: 3,
        spec: { type: 'categoricalCrossEntropy', labelSmoothing: choice / 10 },
        change: { task: 'classification' },
      };
    case 2:
      return { units: 2, spec: { type: 'binaryCrossEntropy' }, change: { task: 'regression' } };
    case 3:
      return { units: 2, spec: { type: 'huber', delta: 0.5 }, change: { task: 'regression' } };
    case 4:
      return { units: 1, spec: { type: 'gaussianNll' }, change: { distribution: 'gaussian' } };
    case 5:
      return { units: 1, spec: { type: 'mae' }, change: {} };
    default:
      return { units: 1, spec: { type: 'mse' }, change: {} };
  }
}

function drawn(
  count: number,
  shape: readonly number[],
  {
    units,
    seed,
    weighted,
    ids,
    isClass,
  }: { units: number; seed: number; weighted: boolean; ids: boolean; isClass: boolean },
): Examples {
  const width = shape.reduce((product, n) => product * n, 1);
  const draws = key(seed, 'spec');
  const x = Float32Array.from({ length: count * width }, (_, i) =>
    ids ? (i * 7 + seed) % 6 : normal(draws, i),
  );
  const y = Float32Array.from({ length: count * units }, (_, i) =>
    isClass && units > 1
      ? Number((Math.floor(i / units) * 7 + seed) % units === i % units)
      : normal(draws, 10_000 + i),
  );
  const weights = Float32Array.from({ length: count }, (_, i) => 0.25 + (i % 5) / 2);
  return { count, width, units, x, y, ...(weighted && { weights }) };
}

/** The layers that fit of those that are drawn, and what brings their output to one axis. */
function fitting(inputShape: readonly number[], ids: boolean, choices: readonly Choices[]): NamedLayer[] {
  const layers: NamedLayer[] = [];
  const shapesNow = () => inferShapes(inputShape, layers).map(({ outputShape }) => outputShape);
  const add = (...specs: object[]): boolean => {
    const before = layers.length;
    try {
      for (const spec of specs) {
        const named = { name: `l${layers.length}`, ...spec };
        layers.push({ ...LayerSpec.parse(named), name: named.name } as NamedLayer);
      }
      const size = shapesNow()
        .at(-1)!
        .reduce((product, n) => product * n, 1);
      if (size <= 200) return true;
    } catch {
      // It doesn't fit.
    }
    layers.splice(before);
    return false;
  };
  if (ids) add({ type: 'embedding', inputDim: 6, outputDim: 3 });
  for (const [kind, ...numbers] of choices) {
    const shapes = shapesNow();
    const shape = shapes.at(-1) ?? inputShape;
    add(...drawnLayers(kind, numbers as [number, number, number], shape, shapes, layers));
  }
  const last = shapesNow().at(-1) ?? inputShape;
  if (last.length > 1) add({ type: 'flatten' });
  return layers;
}

function drawnLayers(
  kind: number,
  [a, b, c]: [number, number, number],
  shape: readonly number[],
  shapes: readonly (readonly number[])[],
  layers: readonly NamedLayer[],
): object[] {
  const activation = ACTIVATIONS[a % ACTIVATIONS.length]!;
  const useBias = b % 3 > 0;
  const padding = b % 2 === 0 ? 'same' : 'valid';
  const kernelSize = 1 + (c % 3);
  const strides = 1 + (Math.floor(c / 3) % 2);
  const penalties = a % 5 === 0 ? { l2: 0.05 } : a % 7 === 0 ? { l1: 0.02, maxNorm: 0.7 } : {};
  const axis = 1 + (a % shape.length);
  const of = { activation, useBias, ...penalties };
  const isSequence = shape.length === 2;
  const recurrent = {
    units: 2 + (a % 3),
    activation: UNIT_ACTIVATIONS[b % 4],
    returnSequences: c % 2 === 0,
    backwards: c % 3 === 0,
    useBias,
    ...penalties,
  };
  const anyPlace = [
    { type: 'batchNorm', axis, center: b % 3 > 0, scale: c % 3 > 0, momentum: 0.9 },
    { type: 'batchNorm' },
    { type: 'layerNorm', axis, center: b % 3 > 0, scale: c % 3 > 0 },
    { type: 'activation', activation },
    { type: 'dropout', rate: 0.3 },
    { type: 'alphaDropout', rate: 0.2 },
    { type: 'gaussianNoise', std: 0.1 },
    { type: 'flatten' },
    { type: 'dense', units: 2 + (c % 6), ...of },
    ...(shape.length > 1 ? [{ type: 'spatialDropout', rate: 0.3 }] : []),
  ];
  if (kind < 11) return [anyPlace[kind % anyPlace.length]!];
  if (kind < 17) return branches(kind, [a, b, c], shape, shapes, layers);
  if (shape.length === 1) {
    const [n] = shape as [number];
    const divisor = [2, 3, 4].find((d) => n % d === 0) ?? 1;
    const reshaped = c % 2 === 0 ? [n / divisor, divisor] : [1, n / divisor, divisor];
    return kind < 22
      ? [{ type: 'reshape', shape: reshaped }]
      : [{ type: 'dense', units: 2 + (c % 6), ...of }];
  }
  const pooling = { poolSize: 1 + (c % 3), strides, padding };
  const both = [
    { type: 'maxPool', ...pooling },
    { type: 'avgPool', ...pooling },
    { type: c % 2 === 0 ? 'globalMaxPool' : 'globalAvgPool' },
  ];
  if (isSequence) {
    const causal = a % 3 === 0 ? 'causal' : padding;
    const types = ['simpleRnn', 'lstm', 'gru'] as const;
    const cell = { type: types[a % 3], ...recurrent };
    const choices = [
      { type: 'conv1d', filters: 2 + (a % 4), kernelSize, strides, padding: causal, ...of },
      cell,
      cell,
      ...both,
    ];
    return [choices[kind % choices.length]!];
  }
  const convolution = { kernelSize, strides, padding, ...of };
  const choices = [
    { type: 'conv2d', filters: 2 + (a % 4), ...convolution },
    { type: 'conv2d', filters: 2 + (a % 4), ...convolution, kernelSize: [kernelSize, 2] },
    { type: 'depthwiseConv2d', depthMultiplier: 1 + (a % 2), ...convolution },
    { type: 'separableConv2d', filters: 2 + (a % 4), depthMultiplier: 1 + (a % 2), ...convolution },
    { type: 'conv2dTranspose', filters: 1 + (a % 3), ...convolution },
    { type: 'upSampling', size: [1 + (a % 2), 1 + (b % 2)] },
    {
      type: 'zeroPadding',
      padding: [
        [a % 2, b % 2],
        [c % 2, a % 3],
      ],
    },
    ...both,
  ];
  return [choices[kind % choices.length]!];
}

/** Another way from the last layer or an earlier one, and both put together. */
function branches(
  kind: number,
  [a, b, c]: [number, number, number],
  shape: readonly number[],
  shapes: readonly (readonly number[])[],
  layers: readonly NamedLayer[],
): object[] {
  const last = layers.at(-1)?.name ?? 'input';
  const merges = ['add', 'subtract', 'multiply', 'average', 'maximum', 'concat'] as const;
  const type = merges[b % merges.length]!;
  // What is there already and fits.
  const fitting = layers.filter((_, i) => `${shapes[i]}` === `${shape}`).map(({ name }) => name);
  const other = fitting[c % fitting.length];
  if (kind < 14 && other !== undefined && other !== last) return [{ type, inputs: [last, other] }];
  const name = `b${layers.length}`;
  const activation = ACTIVATIONS[a % ACTIVATIONS.length]!;
  const side =
    shape.length === 1
      ? { type: 'dense', units: shape[0], activation }
      : shape.length === 2
        ? { type: 'conv1d', filters: shape[1], kernelSize: 2, padding: 'same', activation }
        : { type: 'conv2d', filters: shape[2], kernelSize: 2, padding: 'same', activation };
  return [
    { ...side, name, inputs: [last] },
    { type, inputs: c % 2 === 0 ? [last, name] : [name, last] },
  ];
}
