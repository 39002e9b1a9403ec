import {
  add,
  customGrad,
  dispose,
  div,
  type GradSaveFunc,
  keep,
  mean,
  mul,
  reshape,
  rsqrt,
  square,
  sub,
  sum,
  type Tensor,
} from '@tensorflow/tfjs-core';
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
  const { epsilon, momentum } = layer;
  const moving = [weights.movingMean!, weights.movingVariance!] as const;
  if (context.mode !== 'train' || context.frozen) {
    const along = broadcastAlong(input, axis);
    return normalize(input, along(moving[0]), along(moving[1]), epsilon, weights, along);
  }
  const { output, average, variance } = normalizeBatch(input, axis, epsilon, weights);
  const move = (before: Tensor, now: Tensor) => add(mul(before, momentum), mul(now, 1 - momentum));
  const updates = { movingMean: move(moving[0], average), movingVariance: move(moving[1], variance) };
  dispose([average, variance]);
  return { output, updates };
};

/**
 * By the batch's own statistics, with a gradient of its own: that of each small operation would hold as many numbers
 * as the input until the step ends. With x̂ the normalized input and n the numbers a feature has (Ioffe and Szegedy,
 * section 3): ∂x = γ / √(variance + ε) · (∂y − mean ∂y − x̂ · mean(∂y · x̂)), ∂γ = Σ ∂y · x̂, ∂β = Σ ∂y.
 * @returns the statistics too, which the caller disposes of
 */
function normalizeBatch(
  input: Tensor,
  axis: number,
  epsilon: number,
  weights: Tensors,
): { output: Tensor; average: Tensor; variance: Tensor } {
  const { gamma, beta } = weights;
  const along = broadcastAlong(input, axis);
  const others = input.shape.map((_, i) => i).filter((i) => i !== axis);
  let statistics: { average: Tensor; variance: Tensor } | undefined;
  const operation = customGrad((...given) => {
    const save = given.pop() as unknown as GradSaveFunc;
    const [x] = given as [Tensor];
    const average = mean(x, others);
    const variance = mean(square(sub(x, along(average))), others);
    statistics = { average: keep(average), variance: keep(variance) };
    save([x, average, variance]);
    const value = normalize(x, along(average), along(variance), epsilon, weights, along);
    const gradFunc = (dy: Tensor, saved: Tensor[]) => {
      const [x, average, variance] = saved as [Tensor, Tensor, Tensor];
      const scale = along(rsqrt(add(variance, epsilon)));
      const normal = mul(sub(x, along(average)), scale);
      const [ofBeta, ofGamma] = [sum(dy, others), sum(mul(dy, normal), others)];
      const count = x.size / x.shape[axis]!;
      const rest = sub(sub(dy, along(div(ofBeta, count))), mul(normal, along(div(ofGamma, count))));
      const ofInput = mul(rest, gamma ? mul(scale, along(gamma)) : scale);
      return [ofInput, ...(gamma ? [ofGamma] : []), ...(beta ? [ofBeta] : [])];
    };
    return { value, gradFunc };
  });
  const output = operation(input, ...(gamma ? [gamma] : []), ...(beta ? [beta] : []));
  return { output, ...statistics! };
}

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
