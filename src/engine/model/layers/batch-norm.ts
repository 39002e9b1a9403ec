import { add, mean, mul, reshape, rsqrt, square, sub, type Tensor } from '@tensorflow/tfjs-core';
import { featureAxis } from '../../../spec/shapes.ts';
import type { LayerFunction } from '../layer.ts';

/**
 * Batch normalization (Ioffe and Szegedy 2015) as Keras defines it: by the batch's mean and (biased) variance
 * in training, by moving averages of them otherwise; `moving = momentum · moving + (1 − momentum) · batch`.
 * A frozen one infers and does not move.
 */
export const batchNorm: LayerFunction<'batchNorm'> = (layer, weights, input, context) => {
  const axis = featureAxis(layer.axis, input.shape.slice(1)) + 1;
  const broadcast = (vector: Tensor) =>
    axis === input.rank - 1 ? vector : reshape(vector, along(input.shape, axis));
  const normalize = (average: Tensor, variance: Tensor): Tensor => {
    const scale = rsqrt(add(variance, layer.epsilon));
    const centred = mul(
      sub(input, broadcast(average)),
      broadcast(weights.gamma ? mul(scale, weights.gamma) : scale),
    );
    return weights.beta ? add(centred, broadcast(weights.beta)) : centred;
  };
  const moving = [weights.movingMean!, weights.movingVariance!] as const;
  if (context.mode !== 'train' || context.frozen) return normalize(...moving);

  const others = input.shape.map((_, i) => i).filter((i) => i !== axis);
  const average = mean(input, others);
  const variance = mean(square(sub(input, broadcast(average))), others);
  const move = (before: Tensor, now: Tensor) =>
    add(mul(before, layer.momentum), mul(now, 1 - layer.momentum));
  return {
    output: normalize(average, variance),
    updates: { movingMean: move(moving[0], average), movingVariance: move(moving[1], variance) },
  };
};

function along(shape: readonly number[], axis: number): number[] {
  return shape.map((n, i) => (i === axis ? n : 1));
}
