import {
  add,
  conv2d,
  depthwiseConv2d,
  gather,
  getBackend,
  grads,
  logSoftmax,
  matMul,
  maxPool,
  mean,
  moments,
  mul,
  neg,
  reshape,
  rsqrt,
  sub,
  sum,
  type Tensor,
  type Tensor4D,
  tanh,
  tensor,
  tidy,
} from '@tensorflow/tfjs-core';
import { key, uniform } from '../../random.ts';
import { BackendUnavailableError } from './port.ts';

/** The parameters of a tiny network that has one of everything: their names and shapes. */
const SHAPES: readonly (readonly [name: string, shape: readonly number[]])[] = [
  ['embedding', [7, 3]],
  ['convolution', [3, 3, 3, 4]],
  ['depthwise convolution', [2, 2, 4, 2]],
  ['scale', [8]],
  ['dense', [32, 3]],
];
const IDS = [3, 0, 6, 2, 2, 5, 1, 4, 0, 3, 6, 6, 2, 1, 4, 5, 3, 0];
const TARGETS = [0, 1, 0, 0, 0, 1];
/** Wide enough for what single precision leaves of the difference, small enough for the curve to be straight. */
const STEP = 2e-3;
const TOLERANCE = 0.02;

/**
 * Compares the gradients that the started backend computes with the slopes of the loss itself, along one
 * random direction for each parameter of a tiny network with a convolution, pooling, normalization, an
 * embedding and a dense layer. A worker runs it before it takes a job; it takes less than 0.2 s.
 * @throws BackendUnavailableError that names the layer whose gradient is wrong
 */
export async function gradientSelfTest(): Promise<void> {
  const values = SHAPES.map(([name, shape]) => draw(name, shape, 0.8));
  const gradients = await gradientsAt(values);
  for (const [i, [name, shape]] of SHAPES.entries()) {
    const direction = draw(`${name}, direction`, shape, 1);
    const claimed = gradients[i]!.reduce((slope, g, at) => slope + g * direction[at]!, 0);
    const measured = await slopeAlong(values, i, direction);
    if (Math.abs(claimed - measured) <= TOLERANCE * Math.max(Math.abs(measured), 0.1)) continue;
    throw new BackendUnavailableError(
      `The ${getBackend()} backend computes wrongly: the gradient of the ${name} layer has slope ${claimed}, the loss ${measured}.`,
    );
  }
}

/** Uniform in ±range, the same on every machine. */
function draw(name: string, shape: readonly number[], range: number): Float32Array {
  const stream = key('gradient self-test', name);
  const size = shape.reduce((product, n) => product * n, 1);
  return Float32Array.from({ length: size }, (_, i) => (uniform(stream, i) * 2 - 1) * range);
}

function tensorsOf(values: readonly Float32Array[]): Tensor[] {
  return values.map((value, i) => tensor(value, [...SHAPES[i]![1]]));
}

async function gradientsAt(values: readonly Float32Array[]): Promise<Float32Array[]> {
  const gradients = tidy(() => grads(loss)(tensorsOf(values)));
  return Promise.all(gradients.map(read));
}

/** (loss(w + step · direction) − loss(w − step · direction)) / (2 · step), where w is the parameter `index`. */
async function slopeAlong(
  values: readonly Float32Array[],
  index: number,
  direction: Float32Array,
): Promise<number> {
  const lossAt = async (step: number) => {
    const moved = values[index]!.map((w, i) => w + step * direction[i]!);
    const [value] = await read(tidy(() => loss(...tensorsOf(values.with(index, moved)))));
    return value!;
  };
  return ((await lossAt(STEP)) - (await lossAt(-STEP))) / (2 * STEP);
}

async function read(result: Tensor): Promise<Float32Array> {
  const values = (await result.data()) as Float32Array;
  result.dispose();
  return values;
}

/** Two 3 × 3 pictures of ids in, the cross-entropy of three classes out. */
function loss(...parameters: Tensor[]): Tensor {
  const [table, kernel, depthwise, scale, weights] = parameters as [
    Tensor,
    Tensor4D,
    Tensor4D,
    Tensor,
    Tensor,
  ];
  const picture = gather(table, tensor(IDS, [2, 3, 3], 'int32')) as Tensor4D;
  const convolved = depthwiseConv2d(conv2d(picture, kernel, 1, 'same'), depthwise, 1, 'same');
  const { mean: centre, variance } = moments(convolved, [0, 1, 2]);
  const normalized = mul(mul(sub(convolved, centre), rsqrt(add(variance, 1e-3))), scale);
  const pooled = maxPool(tanh(normalized) as Tensor4D, 2, 2, 'same');
  const logits = matMul(reshape(pooled, [2, 32]), weights);
  return neg(mean(sum(mul(logSoftmax(logits), tensor(TARGETS, [2, 3])), 1)));
}
