import type { LayerType } from '../../src/spec/layer.ts';

/** Every layer of the spec in a network whose loss depends on all of its weights. */
export const NETWORKS: Record<LayerType, { inputShape: number[]; layers: unknown[]; ids?: number }> = {
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
