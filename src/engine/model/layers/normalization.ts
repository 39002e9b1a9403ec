import { add, mean, mul, reshape, rsqrt, square, sub, type Tensor } from '@tensorflow/tfjs-core';
import { featureAxis } from '../../../spec/shapes.ts';
import type { Tensors } from '../../tensors.ts';
import type { LayerFunction } from '../layer.ts';

/**
 * Batch normalization (Ioffe and Szegedy 2015) as Keras defines it: by the batch's mean and (biased) variance
 * in training, by moving averages of them otherwise; `moving = momentum · moving + (1 − momentum) · batch`.
 * A frozen one infers and does not move.
 */
export const batchNorm: LayerFunction<'batchNorm'> = (layer, weights, input, context) => {
  const axis = featureAxis(layer.axis, input.shape.slice(1)) + 1;
  const along = broadcastAlong(input, axis);
  const moving = [weights.movingMean!, weights.movingVariance!] as const;
  if (context.mode !== 'train' || context.frozen)
    return normalize(input, along(moving[0]), along(moving[1]), layer.epsilon, weights, along);

  const others = input.shape.map((_, i) => i).filter((i) => i !== axis);
  const average = mean(input, others);
  const variance = mean(square(sub(input, along(average))), others);
  const move = (before: Tensor, now: Tensor) =>
    add(mul(before, layer.momentum), mul(now, 1 - layer.momentum));
  return {
    output: normalize(input, along(average), along(variance), layer.epsilon, weights, along),
    updates: { movingMean: move(moving[0], average), movingVariance: move(moving[1], variance) },
  };
};

/**
 * Layer normalization (Ba, Kiros and Hinton 2016): each example by its own mean and (biased) variance along the
 * axis; the same in training and outside it.
 */
export const layerNorm: LayerFunction<'layerNorm'> = (layer, weights, input) => {
  const axis = featureAxis(layer.axis, input.shape.slice(1)) + 1;
  const average = mean(input, axis, true);
  const variance = mean(square(sub(input, average)), axis, true);
  return normalize(input, average, variance, layer.epsilon, weights, broadcastAlong(input, axis));
};

/** (input − mean) / √(variance + ε) · γ + β; mean and variance broadcast over the input. */
function normalize(
  input: Tensor,
  average: Tensor,
  variance: Tensor,
  epsilon: number,
  { gamma, beta }: Tensors,
  along: (vector: Tensor) => Tensor,
): Tensor {
  const scale = rsqrt(add(variance, epsilon));
  const scaled = mul(sub(input, average), gamma ? mul(scale, along(gamma)) : scale);
  return beta ? add(scaled, along(beta)) : scaled;
}

/** Lays a vector of one number a feature along the axis. */
function broadcastAlong(input: Tensor, axis: number): (vector: Tensor) => Tensor {
  const shape = input.shape.map((n, i) => (i === axis ? n : 1));
  return (vector) => (axis === input.rank - 1 ? vector : reshape(vector, shape));
}
