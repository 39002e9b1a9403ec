import type { SupervisedTask } from '../../../src/spec/data.ts';
import { ModelSpec } from '../../../src/spec/model.ts';
import { type NetworkSpec, resolveNetwork } from '../../../src/spec/network.ts';
import { OptimizerSpec } from '../../../src/spec/optimizer.ts';

type Layers = NonNullable<Parameters<typeof ModelSpec.parse>[0]>;

/** What a contender of ours is to reach, over the better of some of PyTorch's. */
export interface Goal {
  readonly over: 'PyTorch' | 'a PyTorch loop' | 'a batched PyTorch pass';
  /** With whatever GEMM it finds. */
  readonly compiled: number;
  readonly 'compiled-wasm'?: number;
}

export interface Model {
  readonly name: string;
  readonly title: string;
  readonly kind: 'training' | 'monteCarlo';
  readonly inputShape: readonly number[];
  readonly task: SupervisedTask;
  readonly network: NetworkSpec;
  readonly optimizer: OptimizerSpec;
  /** Where the batch is a part of the question. */
  readonly batches?: readonly number[];
  readonly goals: readonly Goal[];
}

/** PyTorch's side of each is in `torch/models.py`, by the same name. */
export const CLASSES = 10;

const pooled = (filters: number) => [
  { type: 'conv2d', filters, kernelSize: 3, activation: 'relu' },
  { type: 'maxPool' },
];
const normalizedAndPooled = (filters: number) => [
  { type: 'conv2d', filters, kernelSize: 3, useBias: false, initializer: 'heNormal' },
  { type: 'batchNorm' },
  { type: 'activation', activation: 'relu' },
  { type: 'maxPool' },
];
const head = [{ type: 'flatten' }, { type: 'dense', units: 64, activation: 'relu' }];
const MLP = [
  { type: 'dense', units: 256, activation: 'relu' },
  { type: 'dropout', rate: 0.3 },
  { type: 'dense', units: 128, activation: 'relu' },
];
const PICTURE = [28, 28, 1];

export const MODELS: readonly Model[] = [
  model('mlp', 'MLP 784-256-128-10, dropout .3, Adam', [784], MLP, {
    goals: [{ over: 'PyTorch', compiled: 2, 'compiled-wasm': 1 }],
  }),
  model('cnn', 'CNN conv16-pool-conv32-pool-64-10, Adam', PICTURE, [...pooled(16), ...pooled(32), ...head], {
    goals: [{ over: 'PyTorch', compiled: 2, 'compiled-wasm': 1 }],
  }),
  model(
    'selu',
    'SELU MLP, 100 layers of 100, Nadam, clip',
    [100],
    Array.from({ length: 100 }, () => ({ type: 'dense', units: 100, activation: 'selu' })),
    { optimizer: { type: 'nadam', clip: { globalNorm: 1 } }, goals: [{ over: 'PyTorch', compiled: 2 }] },
  ),
  model(
    'bncnn',
    'CNN with batch norm, Adam',
    PICTURE,
    [...normalizedAndPooled(16), ...normalizedAndPooled(32), ...head],
    { goals: [{ over: 'PyTorch', compiled: 1 }] },
  ),
  model('mobile', 'residual depthwise block net, 32×32, Adam', [32, 32, 3], mobile(), {
    goals: [{ over: 'PyTorch', compiled: 1 }],
  }),
  model('lstm', 'LSTM 64 over 32 steps, Adam', [32, 16], [{ type: 'lstm', units: 64 }], {
    goals: [{ over: 'PyTorch', compiled: 1.5 }],
  }),
  model('gru', 'GRU 64 over 32 steps, Adam', [32, 16], [{ type: 'gru', units: 64 }], {
    goals: [{ over: 'PyTorch', compiled: 1.5 }],
  }),
  model('tabular', 'tabular 8-50-1, Adam', [8], [{ type: 'dense', units: 50, activation: 'relu' }], {
    task: 'regression',
    batches: [32],
    goals: [{ over: 'PyTorch', compiled: 5 }],
  }),
  monteCarlo('mc-mlp', 'MC dropout, 100 passes × 256 rows, MLP', [784], MLP),
  monteCarlo('mc-cnn', 'MC dropout, 100 passes × 256 rows, CNN with dropout .25 before its head', PICTURE, [
    ...pooled(16),
    ...pooled(32),
    { type: 'flatten' },
    { type: 'dropout', rate: 0.25 },
    { type: 'dense', units: 64, activation: 'relu' },
  ]),
];

/** MobileNetV2's blocks (Sandler et al. 2018): widen by 4, filter each channel by itself, narrow again. */
function mobile(): object[] {
  const same = { padding: 'same', useBias: false, initializer: 'heNormal' };
  const conv = (filters: number, kernelSize: number) => ({ type: 'conv2d', filters, kernelSize, ...same });
  const relu6 = [{ type: 'batchNorm' }, { type: 'activation', activation: 'relu6' }];
  const block = (from: number, to: number, strides: number) => {
    const depthwise = { type: 'depthwiseConv2d', kernelSize: 3, strides, ...same };
    const layers = [conv(4 * from, 1), ...relu6, depthwise, ...relu6, conv(to, 1), { type: 'batchNorm' }];
    return from === to && strides === 1 ? [{ type: 'residual', layers }] : layers;
  };
  return [
    conv(16, 3),
    { type: 'batchNorm' },
    { type: 'activation', activation: 'relu' },
    ...block(16, 16, 1),
    ...block(16, 24, 2),
    ...block(24, 24, 1),
    ...block(24, 40, 2),
    { type: 'globalAvgPool' },
  ];
}

interface Rest {
  readonly goals: readonly Goal[];
  readonly task?: 'classification' | 'regression';
  readonly optimizer?: object;
  readonly batches?: readonly number[];
}

function model(
  name: string,
  title: string,
  inputShape: readonly number[],
  layers: readonly object[],
  { task = 'classification', optimizer = { type: 'adam' }, ...rest }: Rest,
): Model {
  const outputUnits = task === 'classification' ? CLASSES : 1;
  const context = { inputShape, task, outputUnits, distribution: 'point' } as const;
  const network = resolveNetwork(ModelSpec.parse({ layers: layers as Layers }), context);
  return {
    name,
    title,
    kind: 'training',
    inputShape,
    task,
    network,
    optimizer: OptimizerSpec.parse(optimizer),
    ...rest,
  };
}

function monteCarlo(
  name: string,
  title: string,
  inputShape: readonly number[],
  layers: readonly object[],
): Model {
  const goals: Goal[] = [
    { over: 'a PyTorch loop', compiled: 3 },
    { over: 'a batched PyTorch pass', compiled: 1.5 },
  ];
  return { ...model(name, title, inputShape, layers, { goals, batches: [256] }), kind: 'monteCarlo' };
}
