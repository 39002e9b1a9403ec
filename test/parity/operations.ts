import * as tf from '@tensorflow/tfjs-core';

/** An operation that layers are made of, as a differentiable function of tensors of these shapes. */
export interface Operation {
  name: string;
  inputs: readonly (readonly number[])[];
  compute: (...inputs: tf.Tensor[]) => tf.Tensor;
  /** Added to every input element, for functions that aren't defined everywhere. */
  offset?: number;
}

type Compute = Operation['compute'];
const op = (name: string, inputs: number[][], compute: Compute, offset = 0): Operation => ({
  name,
  inputs,
  compute,
  offset,
});

type Padding = 'same' | 'valid';
type Pair = [number, number];

function convolution(input: number[], kernel: Pair, filters: number, strides: Pair, pad: Padding): Operation {
  return op(
    `conv2d ${input} by ${kernel}→${filters} strides ${strides} ${pad}`,
    [input, [...kernel, input[3]!, filters]],
    (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, strides, pad),
  );
}

function depthwise(
  input: number[],
  kernel: Pair,
  multiplier: number,
  strides: Pair,
  pad: Padding,
): Operation {
  return op(
    `depthwiseConv2d ${input} by ${kernel}×${multiplier} strides ${strides} ${pad}`,
    [input, [...kernel, input[3]!, multiplier]],
    (x, w) => tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, strides, pad),
  );
}

function pooling(input: number[], size: Pair, strides: Pair, pad: Padding, offset = 0): Operation[] {
  const where = `${input} by ${size} strides ${strides} ${pad}${offset ? ' of negative values' : ''}`;
  return [
    op(`maxPool ${where}`, [input], (x) => tf.maxPool(x as tf.Tensor4D, size, strides, pad), offset),
    op(`avgPool ${where}`, [input], (x) => tf.avgPool(x as tf.Tensor4D, size, strides, pad), offset),
  ];
}

const CONVOLUTIONS: Operation[] = [
  convolution([2, 5, 5, 1], [3, 3], 2, [1, 1], 'same'),
  convolution([2, 5, 6, 3], [3, 3], 4, [1, 1], 'valid'),
  convolution([2, 6, 5, 3], [3, 2], 2, [1, 1], 'same'),
  convolution([3, 6, 6, 2], [3, 3], 3, [2, 2], 'same'),
  convolution([3, 7, 6, 2], [3, 3], 3, [2, 2], 'valid'),
  convolution([2, 7, 7, 2], [2, 3], 2, [2, 1], 'same'),
  convolution([2, 4, 5, 3], [1, 1], 5, [1, 1], 'valid'),
  convolution([2, 5, 5, 3], [1, 1], 2, [2, 2], 'same'),
  convolution([1, 7, 8, 2], [2, 2], 3, [3, 3], 'valid'),
  convolution([1, 4, 4, 2], [5, 5], 2, [1, 1], 'same'),
  convolution([5, 3, 3, 2], [3, 3], 4, [1, 1], 'valid'),
  convolution([2, 6, 3, 2], [1, 2], 3, [3, 3], 'same'),
  depthwise([2, 5, 5, 3], [3, 3], 1, [1, 1], 'same'),
  depthwise([2, 5, 6, 2], [3, 3], 2, [1, 1], 'valid'),
  depthwise([1, 6, 7, 3], [3, 2], 3, [1, 1], 'same'),
  depthwise([2, 7, 6, 4], [3, 3], 1, [2, 2], 'same'),
  depthwise([2, 6, 6, 5], [3, 3], 2, [2, 2], 'valid'),
  depthwise([2, 5, 5, 2], [5, 5], 1, [1, 1], 'same'),
  depthwise([2, 4, 4, 1], [2, 2], 4, [1, 1], 'same'),
  depthwise([2, 6, 3, 2], [1, 2], 2, [3, 3], 'same'),
  op(
    'separableConv2d',
    [
      [2, 6, 5, 2],
      [3, 3, 2, 2],
      [1, 1, 4, 3],
    ],
    (x, d, p) => tf.separableConv2d(x as tf.Tensor4D, d as tf.Tensor4D, p as tf.Tensor4D, [2, 2], 'same'),
  ),
];

const POOLINGS: Operation[] = [
  ...pooling([2, 4, 6, 3], [2, 2], [2, 2], 'valid'),
  ...pooling([2, 5, 5, 2], [2, 2], [2, 2], 'same'),
  ...pooling([2, 5, 7, 2], [3, 3], [2, 2], 'valid'),
  ...pooling([2, 5, 4, 3], [3, 3], [1, 1], 'same'),
  ...pooling([1, 6, 6, 2], [3, 2], [2, 1], 'same'),
  ...pooling([1, 7, 7, 1], [2, 2], [3, 3], 'valid'),
  ...pooling([2, 4, 4, 5], [2, 2], [2, 2], 'same', -9),
  op('globalMaxPool', [[3, 4, 3, 5]], (x) => tf.max(x, [1, 2])),
  op('globalAvgPool', [[3, 4, 3, 5]], (x) => tf.mean(x, [1, 2])),
];

function multiplication(a: number[], b: number[], transposeA: boolean, transposeB: boolean): Operation {
  const side = (shape: number[], isTransposed: boolean) => `${shape}${isTransposed ? 'ᵀ' : ''}`;
  return op(`matMul ${side(a, transposeA)} · ${side(b, transposeB)}`, [a, b], (x, y) =>
    tf.matMul(x, y, transposeA, transposeB),
  );
}

const PRODUCTS: Operation[] = [
  multiplication([3, 4], [4, 5], false, false),
  multiplication([4, 3], [4, 5], true, false),
  multiplication([3, 4], [5, 4], false, true),
  multiplication([4, 3], [5, 4], true, true),
  multiplication([1, 17], [17, 1], false, false),
  multiplication([2, 3, 4], [2, 4, 5], false, false),
  multiplication([2, 4, 3], [2, 5, 4], true, true),
  op('dense with fused bias and relu', [[4, 6], [6, 5], [5]], (x, w, b) =>
    tf.fused.matMul({ a: x as tf.Tensor2D, b: w as tf.Tensor2D, bias: b!, activation: 'relu' }),
  ),
];

const ids = () =>
  tf.tensor2d(
    [
      [0, 2, 2],
      [4, 0, 2],
    ],
    [2, 3],
    'int32',
  );

const TABLES: Operation[] = [
  op('gather of a batch of ids', [[5, 3]], (table) => tf.gather(table!, ids())),
  op('gather of one row of ids', [[5, 4]], (table) => tf.gather(table!, tf.tensor1d([3, 3, 1, 0], 'int32'))),
  op('gather by another axis', [[3, 5, 2]], (x) => tf.gather(x!, tf.tensor1d([4, 1, 1], 'int32'), 1)),
  op('unsortedSegmentSum', [[6, 2]], (x) =>
    tf.unsortedSegmentSum(x!, tf.tensor1d([2, 0, 2, 2, 1, 0], 'int32'), 4),
  ),
];

const batchNorm = (x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, axes: number[]) => {
  const { mean, variance } = tf.moments(x, axes, true);
  const scale = tf.mul(tf.rsqrt(tf.add(variance, 1e-3)), gamma);
  return tf.add(tf.mul(tf.sub(x, mean), scale), beta);
};

const NORMALIZATIONS: Operation[] = [
  op(
    'batch norm of rows',
    [
      [7, 4],
      [1, 4],
      [1, 4],
    ],
    (x, g, b) => batchNorm(x!, g!, b!, [0]),
  ),
  op(
    'batch norm by the last axis',
    [
      [3, 3, 4, 2],
      [1, 1, 1, 2],
      [1, 1, 1, 2],
    ],
    (x, g, b) => batchNorm(x!, g!, b!, [0, 1, 2]),
  ),
  op(
    'batch norm by axis 1',
    [
      [3, 2, 4, 3],
      [1, 2, 1, 1],
      [1, 2, 1, 1],
    ],
    (x, g, b) => batchNorm(x!, g!, b!, [0, 2, 3]),
  ),
  op('layer norm', [[4, 6], [6], [6]], (x, g, b) => batchNorm(x!, g!, b!, [-1])),
  op('batchNorm, fused', [[3, 4, 2], [2], [2]], (x, g, b) =>
    tf.batchNorm(x!, tf.tensor1d([0.1, -0.2]), tf.tensor1d([1.1, 0.4]), b as tf.Tensor1D, g as tf.Tensor1D),
  ),
];

const unary = (name: string, compute: (x: tf.Tensor) => tf.Tensor, offset = 0): Operation =>
  op(name, [[3, 7]], (x) => compute(x!), offset);

const ACTIVATIONS: Operation[] = [
  unary('sigmoid', tf.sigmoid),
  unary('tanh', tf.tanh),
  unary('relu', tf.relu),
  unary('relu6', tf.relu6),
  unary('leakyRelu', (x) => tf.leakyRelu(x, 0.3)),
  unary('elu', tf.elu),
  unary('selu', tf.selu),
  unary('gelu by erf', (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1))),
  unary('swish', (x) => tf.mul(x, tf.sigmoid(x))),
  unary('softplus', tf.softplus),
  unary('softplus of large values', tf.softplus, 30),
  unary('softplus of small values', tf.softplus, -30),
  unary('softmax', (x) => tf.softmax(x)),
  unary('logSoftmax', (x) => tf.logSoftmax(x)),
  unary('logSigmoid', tf.logSigmoid),
  unary('logSumExp', (x) => tf.logSumExp(x, 1)),
  op('prelu', [[4, 5], [5]], (x, a) => tf.prelu(x!, a!)),
];

const ELEMENTWISE: Operation[] = [
  unary('abs', tf.abs),
  unary('neg', tf.neg),
  unary('exp', tf.exp),
  unary('erf', tf.erf),
  unary('log', tf.log, 4),
  unary('log1p', tf.log1p, 4),
  unary('sqrt', tf.sqrt, 4),
  unary('rsqrt', tf.rsqrt, 4),
  unary('square', tf.square),
  unary('reciprocal', tf.reciprocal, 4),
  unary('clipByValue', (x) => tf.clipByValue(x, -0.45, 0.7)),
  unary('pow by a number', (x) => tf.pow(x, 3)),
  unary('where', (x) => tf.where(tf.greater(x, 0), tf.mul(x, 3), tf.square(x))),
  op(
    'pow by a tensor',
    [
      [2, 5],
      [2, 5],
    ],
    (x, y) => tf.pow(tf.add(x!, 4), y!),
  ),
];

type Binary = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;
const BINARIES: Record<string, Binary> = {
  add: tf.add,
  sub: tf.sub,
  mul: tf.mul,
  div: (a, b) => tf.div(a, tf.add(tf.square(b), 1)),
};
const BROADCASTS: [number[], number[]][] = [
  [
    [2, 3, 4],
    [2, 1, 4],
  ],
  [
    [4, 3, 5],
    [4, 1, 1],
  ],
  [
    [2, 3, 4],
    [3, 4],
  ],
  [[5, 4], [4]],
  [[4], [5, 4]],
  [
    [5, 4],
    [5, 1],
  ],
  [
    [1, 3, 1],
    [2, 1, 4],
  ],
  [[2, 3], []],
  [[], [2, 3]],
  [
    [2, 3, 2, 3],
    [1, 3, 1, 1],
  ],
  [
    [2, 3, 2, 3],
    [2, 1, 1, 3],
  ],
  [[17], [17]],
];
const BROADCAST: Operation[] = Object.entries(BINARIES).flatMap(([name, compute]) =>
  BROADCASTS.map(([a, b]) => op(`${name} [${a}] and [${b}]`, [a, b], (x, y) => compute(x!, y!))),
);

const REDUCTIONS: Operation[] = [
  ...[[0], [1], [2], [0, 2], [1, 2], [0, 1, 2]].flatMap((axes) => [
    op(`sum over ${axes}`, [[3, 4, 5]], (x) => tf.sum(x!, axes)),
    op(`mean over ${axes}, axes kept`, [[3, 4, 5]], (x) => tf.mean(x!, axes, true)),
    op(`max over ${axes}`, [[3, 4, 5]], (x) => tf.max(x!, axes)),
    op(`min over ${axes}`, [[3, 4, 5]], (x) => tf.min(x!, axes)),
  ]),
  op('euclidean norm', [[3, 4]], (x) => tf.norm(x!, 'euclidean', 0)),
];

const SHAPES: Operation[] = [
  ...[
    [1, 0, 2],
    [2, 1, 0],
    [0, 2, 1],
    [1, 2, 0],
  ].map((perm) => op(`transpose ${perm}`, [[2, 3, 4]], (x) => tf.transpose(x!, perm))),
  op('transpose of images', [[2, 3, 4, 2]], (x) => tf.transpose(x!, [0, 3, 1, 2])),
  op('pad', [[2, 3, 3, 2]], (x) =>
    tf.pad(
      x!,
      [
        [0, 0],
        [1, 2],
        [0, 1],
        [0, 0],
      ],
      0.5,
    ),
  ),
  op('tile', [[2, 3]], (x) => tf.tile(x!, [3, 2])),
  op(
    'concat',
    [
      [2, 3, 2],
      [2, 1, 2],
    ],
    (a, b) => tf.concat([a!, b!], 1),
  ),
  op(
    'stack',
    [
      [2, 3],
      [2, 3],
    ],
    (a, b) => tf.stack([a!, b!], 1),
  ),
  op('unstack', [[3, 4]], (x) => tf.mul(tf.unstack(x!)[1]!, tf.unstack(x!)[2]!)),
  op('slice', [[3, 4, 5]], (x) => tf.slice(x!, [1, 0, 2], [2, 3, 2])),
  op('split', [[3, 6]], (x) => tf.mul(...(tf.split(x!, 2, 1) as [tf.Tensor, tf.Tensor]))),
  op('reshape', [[3, 4, 2]], (x) => tf.square(tf.reshape(x!, [6, 4]))),
  op('expandDims and squeeze', [[3, 4]], (x) => tf.squeeze(tf.square(tf.expandDims(x!, 1)))),
  op('reverse', [[3, 4]], (x) => tf.reverse(x!, 1)),
  op('broadcastTo', [[3, 1]], (x) => tf.broadcastTo(x!, [2, 3, 4])),
];

export const OPERATIONS: readonly Operation[] = [
  ...PRODUCTS,
  ...CONVOLUTIONS,
  ...POOLINGS,
  ...TABLES,
  ...NORMALIZATIONS,
  ...ACTIVATIONS,
  ...ELEMENTWISE,
  ...BROADCAST,
  ...REDUCTIONS,
  ...SHAPES,
];
