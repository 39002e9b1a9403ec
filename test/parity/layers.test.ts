import { memory } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { startBackend } from '../../src/engine/backends/start.ts';
import { initialWeights } from '../../src/engine/model/network.ts';
import { createEagerExecutor } from '../../src/engine/train/eager-executor.ts';
import { compileStage } from '../../src/engine/train/stage-program.ts';
import { key, normal } from '../../src/random.ts';
import type { NamedArrays } from '../../src/safetensors.ts';
import { LayerSpec, type LayerType } from '../../src/spec/layer.ts';
import { smallJob } from '../unit/engine/small-job.ts';

/** Every layer of the spec in a network whose loss depends on all of its weights. */
const NETWORKS: Record<LayerType, { inputShape: number[]; layers: unknown[]; ids?: number }> = {
  dense: { inputShape: [5], layers: [{ type: 'dense', units: 4, activation: 'tanh', l1: 0.01, l2: 0.02 }] },
  conv2d: {
    inputShape: [7, 6, 2],
    layers: [
      { type: 'conv2d', filters: 3, kernelSize: 3, padding: 'same', activation: 'elu' },
      { type: 'conv2d', filters: 2, kernelSize: [2, 3], strides: 2, activation: 'tanh' },
      { type: 'flatten' },
    ],
  },
  depthwiseConv2d: {
    inputShape: [6, 6, 2],
    layers: [
      { type: 'conv2d', filters: 2, kernelSize: 1, activation: 'tanh' },
      {
        type: 'depthwiseConv2d',
        kernelSize: 3,
        depthMultiplier: 2,
        strides: 2,
        padding: 'same',
        activation: 'tanh',
      },
      { type: 'flatten' },
    ],
  },
  separableConv2d: {
    inputShape: [6, 5, 2],
    layers: [
      { type: 'conv2d', filters: 3, kernelSize: 1, activation: 'tanh' },
      { type: 'separableConv2d', filters: 4, kernelSize: 3, depthMultiplier: 2, activation: 'softplus' },
      { type: 'flatten' },
    ],
  },
  maxPool: {
    inputShape: [7, 7, 1],
    layers: [
      { type: 'conv2d', filters: 3, kernelSize: 2 },
      { type: 'maxPool', poolSize: 3, strides: 2, padding: 'same' },
      { type: 'flatten' },
    ],
  },
  avgPool: {
    inputShape: [7, 7, 1],
    layers: [
      { type: 'conv2d', filters: 3, kernelSize: 2 },
      { type: 'avgPool', poolSize: 2, padding: 'same' },
      { type: 'flatten' },
    ],
  },
  globalMaxPool: {
    inputShape: [5, 5, 1],
    layers: [{ type: 'conv2d', filters: 3, kernelSize: 2 }, { type: 'globalMaxPool' }],
  },
  globalAvgPool: {
    inputShape: [5, 5, 1],
    layers: [{ type: 'conv2d', filters: 3, kernelSize: 2 }, { type: 'globalAvgPool' }],
  },
  flatten: {
    inputShape: [2, 3],
    layers: [{ type: 'flatten' }, { type: 'dense', units: 3, activation: 'sigmoid' }],
  },
  reshape: {
    inputShape: [12],
    layers: [
      { type: 'reshape', shape: [2, 3, 2] },
      { type: 'conv2d', filters: 2, kernelSize: 2, activation: 'swish' },
      { type: 'flatten' },
    ],
  },
  batchNorm: {
    inputShape: [4, 3, 2],
    layers: [
      { type: 'batchNorm', axis: 1, scale: false },
      { type: 'conv2d', filters: 3, kernelSize: 2 },
      { type: 'batchNorm' },
      { type: 'activation', activation: 'tanh' },
      { type: 'batchNorm', axis: 2, center: false },
      { type: 'flatten' },
    ],
  },
  activation: {
    inputShape: [4],
    layers: [
      { type: 'dense', units: 4 },
      { type: 'activation', activation: 'gelu' },
      { type: 'dense', units: 4, activation: { type: 'prelu', initial: 0.1 } },
      { type: 'dense', units: 4, activation: 'selu' },
    ],
  },
  dropout: {
    inputShape: [6],
    layers: [
      { type: 'dense', units: 8, activation: 'tanh' },
      { type: 'dropout', rate: 0.5 },
    ],
  },
  spatialDropout: {
    inputShape: [4, 4, 1],
    layers: [
      { type: 'conv2d', filters: 4, kernelSize: 2 },
      { type: 'spatialDropout', rate: 0.5 },
      { type: 'flatten' },
    ],
  },
  alphaDropout: {
    inputShape: [6],
    layers: [
      { type: 'dense', units: 8, activation: 'selu' },
      { type: 'alphaDropout', rate: 0.3 },
    ],
  },
  gaussianNoise: {
    inputShape: [6],
    layers: [
      { type: 'dense', units: 8 },
      { type: 'gaussianNoise', std: 0.5 },
      { type: 'dense', units: 3, activation: 'tanh' },
    ],
  },
  embedding: {
    inputShape: [3],
    ids: 5,
    layers: [
      { type: 'embedding', inputDim: 5, outputDim: 4 },
      { type: 'flatten' },
      { type: 'dense', units: 3, activation: 'tanh' },
    ],
  },
  simpleRnn: {
    inputShape: [4, 2],
    layers: [
      { type: 'simpleRnn', units: 3, returnSequences: true, l2: 0.02 },
      { type: 'simpleRnn', units: 2, activation: 'softplus', backwards: true },
    ],
  },
  lstm: {
    inputShape: [4, 2],
    layers: [
      { type: 'bidirectional', merge: 'multiply', layer: { type: 'lstm', units: 3, returnSequences: true } },
      { type: 'lstm', units: 2, activation: 'gelu', recurrentActivation: 'swish', useBias: false },
    ],
  },
  gru: {
    inputShape: [4, 2],
    layers: [
      { type: 'gru', units: 3, returnSequences: true, backwards: true, l1: 0.01 },
      { type: 'bidirectional', layer: { type: 'gru', units: 2 } },
    ],
  },
  conv1d: {
    inputShape: [7, 2],
    layers: [
      { type: 'conv1d', filters: 3, kernelSize: 3, padding: 'causal', activation: 'tanh' },
      { type: 'conv1d', filters: 2, kernelSize: 2, strides: 2, padding: 'same', activation: 'prelu' },
      { type: 'conv1d', filters: 2, kernelSize: 2 },
      { type: 'maxPool', padding: 'same' },
      { type: 'avgPool', poolSize: 1 },
      { type: 'flatten' },
    ],
  },
  conv2dTranspose: {
    inputShape: [3, 4, 2],
    layers: [
      { type: 'conv2dTranspose', filters: 3, kernelSize: 3, strides: 2, padding: 'same', activation: 'tanh' },
      { type: 'conv2dTranspose', filters: 2, kernelSize: [2, 3], activation: 'elu' },
      { type: 'globalAvgPool' },
    ],
  },
  upSampling: {
    inputShape: [3, 2, 2],
    layers: [
      { type: 'conv2d', filters: 2, kernelSize: 2, padding: 'same', activation: 'tanh' },
      { type: 'upSampling', size: [2, 3] },
      { type: 'conv2d', filters: 2, kernelSize: 2, activation: 'tanh' },
      { type: 'flatten' },
    ],
  },
  zeroPadding: {
    inputShape: [3, 2, 2],
    layers: [
      { type: 'conv2d', filters: 2, kernelSize: 1, activation: 'tanh' },
      {
        type: 'zeroPadding',
        padding: [
          [1, 0],
          [2, 1],
        ],
      },
      { type: 'conv2d', filters: 3, kernelSize: 2, activation: 'tanh' },
      { type: 'flatten' },
    ],
  },
  layerNorm: {
    inputShape: [4, 3, 2],
    layers: [
      { type: 'layerNorm', axis: 1, scale: false },
      { type: 'conv2d', filters: 3, kernelSize: 2 },
      { type: 'layerNorm' },
      { type: 'activation', activation: 'rrelu' },
      { type: 'flatten' },
      { type: 'layerNorm', center: false },
    ],
  },
  add: {
    inputShape: [4],
    layers: [
      { type: 'dense', name: 'left', units: 3, activation: 'tanh' },
      { type: 'dense', name: 'right', inputs: ['input'], units: 3, activation: 'sigmoid' },
      { type: 'add', inputs: ['left', 'right'] },
    ],
  },
  subtract: {
    inputShape: [4],
    layers: [
      { type: 'dense', name: 'left', units: 3, activation: 'tanh' },
      { type: 'dense', name: 'right', inputs: ['input'], units: 3, activation: 'sigmoid' },
      { type: 'subtract', inputs: ['left', 'right'] },
    ],
  },
  multiply: {
    inputShape: [4],
    layers: [
      { type: 'dense', name: 'left', units: 3, activation: 'tanh' },
      { type: 'dense', name: 'right', inputs: ['input'], units: 3, activation: 'sigmoid' },
      { type: 'multiply', inputs: ['left', 'right'] },
    ],
  },
  average: {
    inputShape: [4],
    layers: [
      { type: 'dense', name: 'left', units: 3, activation: 'tanh' },
      { type: 'dense', name: 'right', inputs: ['input'], units: 3, activation: 'sigmoid' },
      { type: 'average', inputs: ['left', 'right'] },
    ],
  },
  maximum: {
    inputShape: [4],
    layers: [
      { type: 'dense', name: 'left', units: 3, activation: 'tanh' },
      { type: 'dense', name: 'right', inputs: ['input'], units: 3, activation: 'sigmoid' },
      { type: 'maximum', inputs: ['left', 'right'] },
    ],
  },
  concat: {
    inputShape: [4],
    layers: [
      { type: 'dense', name: 'left', units: 3, activation: 'tanh' },
      { type: 'dense', name: 'right', inputs: ['input'], units: 3, activation: 'sigmoid' },
      { type: 'concat', inputs: ['left', 'right'] },
    ],
  },
};

const BATCH = 6;
const MOMENT = { step: 1, learningRate: 1, momentum: undefined };

/** A plain gradient step of rate 1, so that the gradient is what the weights lose. */
function prepare(type: LayerType) {
  const { inputShape, layers, ids } = NETWORKS[type];
  const width = inputShape.reduce((a, b) => a * b, 1);
  const draws = key(11, type);
  const x = Float32Array.from({ length: BATCH * width }, (_, i) => (ids ? i % ids : normal(draws, i)));
  const y = Float32Array.from({ length: BATCH }, (_, i) => normal(draws, 10_000 + i));
  const batch = { count: BATCH, width, units: 1, x, y };
  const job = smallJob({
    layers,
    inputShape,
    train: batch,
    stages: [{ epochs: 1, optimizer: { type: 'sgd' } }],
  });
  const { program, randomAt } = compileStage(job, job.stages[0]!, 1);
  const executor = createEagerExecutor(program, randomAt);
  // Initial biases and betas of zero would hide faults that are odd in them.
  const weights: NamedArrays = Object.fromEntries(
    Object.entries(initialWeights(job.network, 5)).map(([name, { shape, data }]) => [
      name,
      { shape, data: data.map((v, i) => (name.includes('moving') ? v : v + 0.1 * normal(key(7, name), i))) },
    ]),
  );
  async function step(at: NamedArrays) {
    executor.load({ weights: at, slots: {} });
    const report = await executor.step(batch, MOMENT);
    if ('nonFinite' in report) throw new Error(`not finite: ${JSON.stringify(report.nonFinite)}`);
    return { loss: report.loss, after: (await executor.save()).weights };
  }
  return { program, weights, step, dispose: () => executor.dispose() };
}

/**
 * Central differences at two steps (Richardson), which leaves float32's noise as the only error. The steps are
 * small, so that they rarely cross a kink of a maximum or a SELU.
 */
async function slope(lossAt: (shift: number) => Promise<number>): Promise<number> {
  const central = async (h: number) => ((await lossAt(h)) - (await lossAt(-h))) / (2 * h);
  return (4 * (await central(0.002)) - (await central(0.004))) / 3;
}

function shifted(weights: NamedArrays, name: string, index: number, shift: number): NamedArrays {
  const data = Float32Array.from(weights[name]!.data);
  data[index]! += shift;
  return { ...weights, [name]: { shape: weights[name]!.shape, data } };
}

describe.each(['cpu', 'wasm'] as const)('a training step on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  it.each(LayerSpec.def.options.map((option) => option.shape.type.value))(
    'has the gradient of its loss for every weight of a network with %s',
    async (type) => {
      const before = memory().numTensors;
      const { program, weights, step, dispose } = prepare(type);
      const { after } = await step(weights);
      for (const name of program.trainable) {
        const count = weights[name]!.data.length;
        for (const index of new Set([0, Math.floor(count / 2), count - 1])) {
          const gradient = weights[name]!.data[index]! - after[name]!.data[index]!;
          const numeric = await slope(
            async (shift) => (await step(shifted(weights, name, index, shift))).loss,
          );
          expect(Math.abs(gradient - numeric), `${name}[${index}]: ${gradient} and ${numeric}`).toBeLessThan(
            5e-4 + 0.01 * Math.abs(numeric),
          );
        }
      }
      dispose();
      expect(memory().numTensors).toBe(before);
    },
  );
});

describe('the backends', () => {
  it.each(Object.keys(NETWORKS) as LayerType[])('agree on a step of a network with %s', async (type) => {
    const results = [];
    for (const backend of ['cpu', 'wasm'] as const) {
      await startBackend(backend);
      const { weights, step, dispose } = prepare(type);
      results.push(await step(weights));
      dispose();
    }
    const [cpu, wasm] = results as [
      Awaited<ReturnType<ReturnType<typeof prepare>['step']>>,
      (typeof results)[number],
    ];
    expect(Math.abs(wasm!.loss - cpu.loss)).toBeLessThan(1e-5 * Math.abs(cpu.loss) + 1e-6);
    for (const [name, { data }] of Object.entries(cpu.after)) {
      const worst = data.reduce(
        (most, value, i) => Math.max(most, Math.abs(value - wasm!.after[name]!.data[i]!)),
        0,
      );
      expect(worst, name).toBeLessThan(1e-5 * Math.max(1, ...data.map(Math.abs)));
    }
  });
});
