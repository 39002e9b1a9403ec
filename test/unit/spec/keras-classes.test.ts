import { describe, expect, it } from 'vitest';
import { hiddenLayers } from '../../../src/spec/expand.ts';
import { CLASSES } from '../../../src/spec/keras/classes/index.ts';
import { readTopology } from '../../../src/spec/keras/topology.ts';
import { LayerSpec } from '../../../src/spec/layer.ts';
import { ModelSpec } from '../../../src/spec/model.ts';
import { camelCased, sequential } from './topology-fixture.ts';

const zeros = { class_name: 'Zeros', config: {} };
const dense = { units: 3 };

describe('a class of Keras’s', () => {
  it.each<[string, object, object]>([
    [
      'Dense',
      {
        units: 5,
        activation: 'tanh',
        use_bias: false,
        kernel_initializer: { class_name: 'RandomNormal', config: { mean: 0, stddev: 0.1, seed: 3 } },
        kernel_regularizer: { class_name: 'L1L2', config: { l1: 0.25, l2: 0.5 } },
        kernel_constraint: { class_name: 'MaxNorm', config: { max_value: 3, axis: 0 } },
        bias_initializer: zeros,
        bias_regularizer: null,
      },
      {
        type: 'dense',
        units: 5,
        activation: 'tanh',
        useBias: false,
        initializer: { type: 'normal', mean: 0, std: 0.1 },
        l1: 0.25,
        l2: 0.5,
        maxNorm: 3,
      },
    ],
    ['Dense', dense, { type: 'dense', units: 3, initializer: 'glorotUniform' }],
    [
      'Conv1D',
      { filters: 2, kernel_size: [3], strides: [2], padding: 'causal', dilation_rate: [1], groups: 1 },
      {
        type: 'conv1d',
        filters: 2,
        kernelSize: 3,
        strides: 2,
        padding: 'causal',
        initializer: 'glorotUniform',
      },
    ],
    [
      'Conv2D',
      { filters: 2, kernel_size: [3, 2], strides: 2, padding: 'same', data_format: 'channels_last' },
      {
        type: 'conv2d',
        filters: 2,
        kernelSize: [3, 2],
        strides: [2, 2],
        padding: 'same',
        initializer: 'glorotUniform',
      },
    ],
    [
      'Conv2DTranspose',
      { filters: 2, kernel_size: 3, strides: [2, 2], output_padding: null },
      {
        type: 'conv2dTranspose',
        filters: 2,
        kernelSize: [3, 3],
        strides: [2, 2],
        initializer: 'glorotUniform',
      },
    ],
    [
      'DepthwiseConv2D',
      {
        kernel_size: 3,
        depth_multiplier: 2,
        activation: 'relu',
        depthwise_initializer: 'he_uniform',
        depthwise_regularizer: 'l2',
        depthwise_constraint: { class_name: 'MaxNorm', config: { max_value: 1, axis: [0, 1] } },
      },
      {
        type: 'depthwiseConv2d',
        kernelSize: [3, 3],
        strides: [1, 1],
        depthMultiplier: 2,
        activation: 'relu',
        initializer: 'heUniform',
        l2: 0.01,
        maxNorm: 1,
      },
    ],
    [
      'SeparableConv2D',
      {
        filters: 4,
        kernel_size: 3,
        depthwise_regularizer: { class_name: 'L1', config: { l1: 0.1 } },
        pointwise_regularizer: { class_name: 'L1', config: { l1: 0.1 } },
      },
      {
        type: 'separableConv2d',
        filters: 4,
        kernelSize: [3, 3],
        strides: [1, 1],
        initializer: 'glorotUniform',
        l1: 0.1,
      },
    ],
    ['MaxPooling1D', { pool_size: [3], strides: null }, { type: 'maxPool', poolSize: 3, strides: 3 }],
    [
      'MaxPooling2D',
      { pool_size: [3, 2], strides: [1, 1], padding: 'same' },
      { type: 'maxPool', poolSize: [3, 2], strides: [1, 1], padding: 'same' },
    ],
    ['AveragePooling1D', {}, { type: 'avgPool', poolSize: 2, strides: 2 }],
    ['AveragePooling2D', {}, { type: 'avgPool', poolSize: [2, 2], strides: [2, 2] }],
    ['GlobalMaxPooling1D', { keepdims: false }, { type: 'globalMaxPool' }],
    ['GlobalMaxPooling2D', {}, { type: 'globalMaxPool' }],
    ['GlobalAveragePooling1D', {}, { type: 'globalAvgPool' }],
    ['GlobalAveragePooling2D', {}, { type: 'globalAvgPool' }],
    ['UpSampling2D', { size: [2, 3], interpolation: 'nearest' }, { type: 'upSampling', size: [2, 3] }],
    [
      'ZeroPadding2D',
      { padding: [1, 2] },
      {
        type: 'zeroPadding',
        padding: [
          [1, 1],
          [2, 2],
        ],
      },
    ],
    ['Flatten', { data_format: 'channels_last' }, { type: 'flatten' }],
    ['Reshape', { target_shape: [-1, 2] }, { type: 'reshape', shape: [-1, 2] }],
    [
      'BatchNormalization',
      {
        axis: [3],
        momentum: 0.9,
        epsilon: 0.01,
        center: false,
        renorm: false,
        fused: true,
        virtual_batch_size: null,
      },
      { type: 'batchNorm', axis: 3, momentum: 0.9, epsilon: 0.01, center: false },
    ],
    [
      'LayerNormalization',
      { axis: [-1], epsilon: 1e-6, scale: false },
      { type: 'layerNorm', epsilon: 1e-6, scale: false },
    ],
    ['Activation', { activation: 'silu' }, { type: 'activation', activation: 'swish' }],
    ['ReLU', { max_value: 6, negative_slope: 0, threshold: 0 }, { type: 'activation', activation: 'relu6' }],
    ['ReLU', { negative_slope: 0.1 }, { type: 'activation', activation: { type: 'leakyRelu', alpha: 0.1 } }],
    ['ReLU', {}, { type: 'activation', activation: 'relu' }],
    ['LeakyReLU', { alpha: 0.1 }, { type: 'activation', activation: { type: 'leakyRelu', alpha: 0.1 } }],
    [
      'LeakyReLU',
      { negative_slope: 0.2 },
      { type: 'activation', activation: { type: 'leakyRelu', alpha: 0.2 } },
    ],
    ['LeakyReLU', {}, { type: 'activation', activation: { type: 'leakyRelu', alpha: 0.3 } }],
    [
      'PReLU',
      { alpha_initializer: { class_name: 'Constant', config: { value: 0.2 } }, shared_axes: [1, 2] },
      { type: 'activation', activation: { type: 'prelu', initial: 0.2 } },
    ],
    [
      'PReLU',
      { alpha_initializer: zeros },
      { type: 'activation', activation: { type: 'prelu', initial: 0 } },
    ],
    ['ELU', { alpha: 0.5 }, { type: 'activation', activation: { type: 'elu', alpha: 0.5 } }],
    ['Softmax', { axis: -1 }, { type: 'activation', activation: 'softmax' }],
    ['Dropout', { rate: 0.5, seed: 4, noise_shape: null }, { type: 'dropout', rate: 0.5 }],
    ['SpatialDropout1D', { rate: 0.5 }, { type: 'spatialDropout', rate: 0.5 }],
    ['SpatialDropout2D', { rate: 0.5 }, { type: 'spatialDropout', rate: 0.5 }],
    ['AlphaDropout', { rate: 0.5 }, { type: 'alphaDropout', rate: 0.5 }],
    ['GaussianNoise', { stddev: 0.5 }, { type: 'gaussianNoise', std: 0.5 }],
    [
      'Embedding',
      { input_dim: 9, output_dim: 2, mask_zero: false, input_length: 4 },
      {
        type: 'embedding',
        inputDim: 9,
        outputDim: 2,
        initializer: { type: 'uniform', low: -0.05, high: 0.05 },
      },
    ],
  ])('%s %o is ours', (class_name, config, ours) => {
    const named = { name: 'layer_0', ...ours };
    const snake = sequential({ class_name, config });
    for (const topology of [snake, camelCased(snake)])
      expect(hiddenLayers(ModelSpec.parse({ topology }))).toEqual([LayerSpec.parse(named)]);
  });

  it.each(['Add', 'Subtract', 'Multiply', 'Average', 'Maximum', 'Concatenate'])('%s merges', (class_name) => {
    const triple = (name: string) => [name, 0, 0, {}];
    const layers = [
      { class_name: 'InputLayer', name: 'x', config: {} },
      { class_name: 'Flatten', name: 'a', config: {}, inbound_nodes: [[triple('x')]] },
      {
        class_name,
        name: 'm',
        config: { axis: class_name === 'Concatenate' ? 1 : null },
        inbound_nodes: [[triple('x'), triple('a')]],
      },
    ];
    const topology = { class_name: 'Functional', config: { layers, output_layers: [['m', 0, 0]] } };
    const type = class_name === 'Concatenate' ? 'concat' : class_name.toLowerCase();
    const expected = { type, name: 'm', inputs: ['input', 'a'], ...(type === 'concat' && { axis: 1 }) };
    expect(hiddenLayers(ModelSpec.parse({ topology }))[1]).toEqual(expected);
  });

  it.each<[unknown, unknown]>([
    ['glorot_normal', 'glorotNormal'],
    [{ class_name: 'GlorotUniform', config: { seed: null } }, 'glorotUniform'],
    [{ class_name: 'LeCunNormal', config: {} }, 'lecunNormal'],
    ['lecun_uniform', 'lecunUniform'],
    ['zeros', 'zeros'],
    ['ones', 'ones'],
    [{ class_name: 'Orthogonal', config: { gain: 1 } }, 'orthogonal'],
    [
      { class_name: 'Constant', config: { value: 2 } },
      { type: 'constant', value: 2 },
    ],
    [
      { class_name: 'RandomUniform', config: { minval: -1, maxval: 1 } },
      { type: 'uniform', low: -1, high: 1 },
    ],
    ...[
      [1, 'fan_avg', 'uniform', 'glorotUniform'],
      [1, 'fanAvg', 'normal', 'glorotNormal'],
      [2, 'fan_in', 'truncated_normal', 'heNormal'],
      [2, 'fanIn', 'uniform', 'heUniform'],
      [1, 'fan_in', 'truncatedNormal', 'lecunNormal'],
      [1, 'fan_in', 'uniform', 'lecunUniform'],
    ].map(([scale, mode, distribution, ours]): [unknown, unknown] => [
      { class_name: 'VarianceScaling', config: { scale, mode, distribution, seed: null } },
      ours,
    ]),
  ])('has the initializer %o', (kernel_initializer, ours) => {
    const topology = sequential({ class_name: 'Dense', config: { units: 3, kernel_initializer } });
    expect(hiddenLayers(ModelSpec.parse({ topology }))).toMatchObject([{ initializer: ours }]);
  });

  it.each<[unknown, unknown]>([
    [null, 'linear'],
    ['leaky_relu', 'leakyRelu'],
    ['leakyrelu', 'leakyRelu'],
    [{ module: 'builtins', class_name: 'function', config: 'gelu' }, 'gelu'],
    [
      { class_name: 'LeakyReLU', config: { name: 'l', alpha: 0.1 } },
      { type: 'leakyRelu', alpha: 0.1 },
    ],
    [{ class_name: 'ReLU', config: { max_value: 6, name: 'r' } }, 'relu6'],
  ])('has the activation %o', (activation, ours) => {
    const topology = sequential({ class_name: 'Dense', config: { units: 3, activation } });
    expect(hiddenLayers(ModelSpec.parse({ topology }))).toMatchObject([{ activation: ours }]);
  });
});

const convolution = { filters: 2, kernel_size: 3 };
const recurrent = { units: 2 };

describe('an option that we don’t have', () => {
  it.each<[string, object, string, RegExp]>([
    ['Dense', {}, 'units', /number/],
    ['Dense', { units: 0 }, 'units', />=1/],
    ['Dense', { units: 2, activation: 'hard_sigmoid' }, 'activation', /one of linear, sigmoid/],
    [
      'Dense',
      { units: 2, activation: { class_name: 'ReLU', config: { max_value: 4 } } },
      'activation',
      /one of/,
    ],
    ['Dense', { units: 2, bias_initializer: 'ones' }, 'bias_initializer', /Zeros/],
    [
      'Dense',
      { units: 2, bias_regularizer: { class_name: 'L2', config: {} } },
      'bias_regularizer',
      /kernels/,
    ],
    ['Dense', { units: 2, bias_constraint: { class_name: 'NonNeg' } }, 'bias_constraint', /kernels/],
    ['Dense', { units: 2, activity_regularizer: 'l2' }, 'activity_regularizer', /outputs/],
    ['Dense', { units: 2, kernel_constraint: 'non_neg' }, 'kernel_constraint', /MaxNorm, of axis 0/],
    [
      'Dense',
      { units: 2, kernel_constraint: { class_name: 'MaxNorm', config: { max_value: 2, axis: 1 } } },
      'kernel_constraint',
      /axis 0/,
    ],
    [
      'Dense',
      { units: 2, kernel_regularizer: { class_name: 'OrthogonalRegularizer' } },
      'kernel_regularizer',
      /L1/,
    ],
    ['Dense', { units: 2, kernel_initializer: 'identity' }, 'kernel_initializer', /Glorot/],
    [
      'Dense',
      {
        units: 2,
        kernel_initializer: { class_name: 'VarianceScaling', config: { scale: 3, mode: 'fan_in' } },
      },
      'kernel_initializer',
      /Glorot/,
    ],
    [
      'Dense',
      { units: 2, kernel_initializer: { class_name: 'Orthogonal', config: { gain: 2 } } },
      'kernel_initializer',
      /gain 1/,
    ],
    ['Dense', { units: 2, lora_rank: 4 }, 'lora_rank', /no such option/],
    ['Conv1D', { ...convolution, dilation_rate: [2] }, 'dilation_rate', /dilated/],
    ['Conv2D', { ...convolution, dilation_rate: [1, 2] }, 'dilation_rate', /dilated/],
    ['Conv2D', { ...convolution, data_format: 'channels_first' }, 'data_format', /channels_last/],
    ['Conv2D', { ...convolution, groups: 2 }, 'groups', /grouped/],
    ['Conv2D', { ...convolution, kernel_size: [3] }, 'kernel_size', /pair/],
    ['Conv2D', { ...convolution, padding: 'causal' }, 'padding', /valid/],
    ['Conv2DTranspose', { ...convolution, output_padding: [1, 1] }, 'output_padding', /null/],
    [
      'Conv2DTranspose',
      { ...convolution, kernel_constraint: 'max_norm' },
      'kernel_constraint',
      /constrained/,
    ],
    ['SeparableConv2D', { ...convolution, pointwise_regularizer: 'l2' }, 'pointwise_regularizer', /the same/],
    ['MaxPooling2D', { data_format: 'channels_first' }, 'data_format', /channels_last/],
    ['MaxPooling1D', { pool_size: [2, 2] }, 'pool_size', /one whole number/],
    ['GlobalMaxPooling2D', { keepdims: true }, 'keepdims', /no such option/],
    ['UpSampling2D', { interpolation: 'bilinear' }, 'interpolation', /nearest/],
    ['ZeroPadding2D', { padding: [[1, 1]] }, 'padding', /top, bottom/],
    ['Reshape', { target_shape: [-1, -1] }, 'target_shape', /one axis/],
    ['BatchNormalization', { axis: [1, 2] }, 'axis', /one axis/],
    ['BatchNormalization', { renorm: true }, 'renorm', /renormalization/],
    ['BatchNormalization', { gamma_initializer: 'zeros' }, 'gamma_initializer', /Ones/],
    ['BatchNormalization', { beta_regularizer: 'l2' }, 'beta_regularizer', /kernels/],
    ['LayerNormalization', { rms_scaling: true }, 'rms_scaling', /RMS/],
    ['ReLU', { max_value: 1 }, 'max_value', /6/],
    ['ReLU', { threshold: 1 }, 'threshold', /0/],
    ['ReLU', { max_value: 6, negative_slope: 0.1 }, 'negative_slope', /max_value/],
    ['PReLU', { shared_axes: [2] }, 'shared_axes', /all axes but the last/],
    ['PReLU', { alpha_initializer: 'glorot_uniform' }, 'alpha_initializer', /Constant/],
    ['Softmax', { axis: -2 }, 'axis', /last/],
    ['Dropout', { rate: 1 }, 'rate', /<1/],
    ['Dropout', { rate: 0.5, noise_shape: [null, 1] }, 'noise_shape', /by itself/],
    ['Embedding', { input_dim: 3, output_dim: 2, mask_zero: true }, 'mask_zero', /masking/],
    ['LSTM', { ...recurrent, stateful: true }, 'stateful', /zeros/],
    [
      'LSTM',
      { ...recurrent, go_backwards: true, return_sequences: true },
      'go_backwards',
      /return_sequences/,
    ],
    ['LSTM', { ...recurrent, recurrent_dropout: 0.1 }, 'recurrent_dropout', /Dropout layer/],
    ['LSTM', { ...recurrent, return_state: true }, 'return_state', /state/],
    ['LSTM', { ...recurrent, recurrent_regularizer: 'l2' }, 'recurrent_regularizer', /kernel/],
    ['LSTM', { ...recurrent, activation: 'softmax' }, 'activation', /linear/],
    ['GRU', { ...recurrent, reset_after: false }, 'reset_after', /true/],
    ['Bidirectional', { layer: { class_name: 'Dense', config: dense } }, 'layer', /SimpleRNN, LSTM, GRU/],
    [
      'Bidirectional',
      { layer: { class_name: 'LSTM', config: { units: 2, stateful: true } } },
      'layer/config/stateful',
      /zeros/,
    ],
  ])('of %s is told: %o', (class_name, config, option, message) => {
    const { faults } = readTopology(sequential({ class_name, config }));
    expect(faults).toEqual([
      {
        path: ['config', 'layers', 0, 'config', ...option.split('/')],
        message: expect.stringMatching(message),
      },
    ]);
  });

  it('tells of all at once, and of no more than twenty', () => {
    const wrong = { class_name: 'Conv2D', config: { dilation_rate: 2, data_format: 'channels_first' } };
    const pointers = readTopology(sequential(wrong)).faults.map(({ path }) => path.at(-1));
    expect(pointers.sort()).toEqual(['data_format', 'dilation_rate', 'filters', 'kernel_size']);
    expect(readTopology(sequential(...Array.from({ length: 30 }, () => wrong))).faults).toHaveLength(20);
  });
});

describe('a recurrent class', () => {
  const read = (name: string, config: object) => CLASSES.get(name)!.read(config as Record<string, unknown>);
  const fields = {
    units: 2,
    activation: 'tanh',
    initializer: 'glorotUniform',
    recurrentInitializer: 'orthogonal',
    useBias: true,
    returnSequences: false,
    backwards: false,
  };

  it('is ours', () => {
    expect(
      read('SimpleRNN', { units: 2, activation: 'relu', dropout: 0, unroll: true, kernel_regularizer: 'l2' }),
    ).toEqual({
      mapped: { layer: { type: 'simpleRnn', ...fields, activation: 'relu', l2: 0.01 } },
    });
    expect(
      read('LSTM', { units: 2, return_sequences: true, unit_forget_bias: false, implementation: 2 }),
    ).toEqual({
      mapped: {
        layer: {
          type: 'lstm',
          ...fields,
          returnSequences: true,
          recurrentActivation: 'sigmoid',
          unitForgetBias: false,
        },
      },
    });
    expect(read('GRU', { units: 2, reset_after: true, go_backwards: true })).toEqual({
      mapped: { layer: { type: 'gru', ...fields, backwards: true, recurrentActivation: 'sigmoid' } },
    });
  });

  it('goes both ways in a Bidirectional', () => {
    const { backwards: _, ...both } = fields;
    const layer = { class_name: 'SimpleRNN', config: { units: 2 } };
    for (const [merge_mode, merge] of [
      ['concat', 'concat'],
      ['sum', 'add'],
      ['mul', 'multiply'],
      ['ave', 'average'],
    ])
      expect(read('Bidirectional', { layer, merge_mode })).toEqual({
        mapped: { layer: { type: 'bidirectional', layer: { type: 'simpleRnn', ...both }, merge } },
      });
  });
});
