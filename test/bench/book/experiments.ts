import type { JobSpecInput } from '../../../src/spec/job.ts';
import type { SpecOfBench } from '../train.ts';

/** One line of the book's tables: what it publishes, and the job that repeats it. */
export interface Experiment {
  readonly name: string;
  readonly group: string;
  /** The accuracy that is published, and ours that stands beside it. */
  readonly published: number | null;
  readonly measure: string;
  readonly spec: SpecOfBench;
}

type Layers = JobSpecInput['model']['layers'];
type Stage = JobSpecInput['stages'][number];

export const SOURCE = 'Géron, chapter 11 and its notebook (third edition)';

const flatten = { type: 'flatten' } as const;
const dense = (units: number, activation: 'relu' | 'selu') => ({ type: 'dense', units, activation }) as const;
const times = <T>(count: number, layer: T): T[] => Array.from({ length: count }, () => layer);

/** The book's own division, and pixels from 0 to 1. */
const PIXELS = { split: { column: 'part' }, standardize: false } as const;

function experiment(
  group: string,
  name: string,
  published: number | null,
  layers: Layers,
  stage: Stage,
  change: { measure?: string; settings?: object; evaluate?: object } = {},
): Experiment {
  const { measure = 'val_accuracy', settings = PIXELS, evaluate } = change;
  return {
    name,
    group,
    published,
    measure,
    spec: {
      name,
      seed: 42,
      data: settings,
      model: { layers },
      stages: [stage],
      checkpoint: { everySteps: 1_000_000 },
      ...(evaluate && { evaluate }),
    },
  };
}

const OPTIMIZERS: [name: string, published: number | null, optimizer: Stage['optimizer']][] = [
  ['momentum', null, { type: 'momentum', learningRate: 0.001, momentum: 0.9 }],
  ['Nesterov', 0.8708, { type: 'nesterov', learningRate: 0.001, momentum: 0.9 }],
  ['AdaGrad', 0.8424, { type: 'adagrad', learningRate: 0.001 }],
  ['RMSProp', 0.8636, { type: 'rmsprop', learningRate: 0.001, rho: 0.9 }],
  ['Adam', 0.8696, { type: 'adam', learningRate: 0.001 }],
  ['AdaMax', 0.878, { type: 'adamax', learningRate: 0.001 }],
  ['Nadam', 0.874, { type: 'nadam', learningRate: 0.001 }],
  ['AdamW', 0.8702, { type: 'adamw', learningRate: 0.001, weightDecay: 1e-5 }],
];

const threeLayers: Layers = [flatten, ...times(3, dense(100, 'relu'))];

/** One hundred layers on standardized inputs, plain gradient descent. */
const hundredLayers = (name: string, published: number, activation: 'relu' | 'selu') =>
  experiment(
    'A hundred layers, 5 epochs',
    name,
    published,
    [flatten, ...times(100, dense(100, activation))],
    { epochs: 5, optimizer: { type: 'sgd', learningRate: 0.001 } },
    { settings: { ...PIXELS, standardize: true } },
  );

const withDropout: Layers = [
  flatten,
  ...times(2, [{ type: 'dropout', rate: 0.2 } as const, dense(100, 'relu')]).flat(),
  { type: 'dropout', rate: 0.2 },
];

const dropout = (name: string, published: number, measure: string) =>
  experiment(
    'Dropout 0.2, 10 epochs, test accuracy',
    name,
    published,
    withDropout,
    { epochs: 10, optimizer: { type: 'nesterov', learningRate: 0.01, momentum: 0.9 } },
    { measure, evaluate: { mcDropout: { samples: 100 } } },
  );

export const EXPERIMENTS: readonly Experiment[] = [
  ...OPTIMIZERS.map(([name, published, optimizer]) =>
    experiment('Optimizers, 10 epochs', name, published, threeLayers, { epochs: 10, optimizer: optimizer! }),
  ),
  experiment('1cycle, 25 epochs, batch 128', '1cycle', 0.892, threeLayers, {
    epochs: 25,
    batchSize: 128,
    optimizer: { type: 'sgd' },
    schedule: { type: 'oneCycle', maxLearningRate: 0.1 },
  }),
  experiment('1cycle, 25 epochs, batch 128', '1cycle with Nesterov momentum', 0.892, threeLayers, {
    epochs: 25,
    batchSize: 128,
    optimizer: { type: 'nesterov' },
    schedule: { type: 'oneCycle', maxLearningRate: 0.05 },
  }),
  hundredLayers('ReLU + He', 0.7054, 'relu'),
  hundredLayers('SELU + LeCun', 0.8046, 'selu'),
  experiment(
    'Batch normalization, 2 epochs',
    'batch norm',
    0.865,
    [
      flatten,
      { type: 'batchNorm' },
      dense(300, 'relu'),
      { type: 'batchNorm' },
      dense(100, 'relu'),
      { type: 'batchNorm' },
    ],
    { epochs: 2, optimizer: { type: 'sgd', learningRate: 0.01 } },
  ),
  dropout('dropout', 0.87, 'test_accuracy'),
  dropout('Monte-Carlo dropout × 100', 0.8717, 'test_mc_accuracy'),
];
