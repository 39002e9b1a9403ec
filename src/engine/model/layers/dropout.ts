import { add, cast, greaterEqual, mul, sub, type Tensor } from '@tensorflow/tfjs-core';
import type { LayerContext, LayerFunction } from '../layer.ts';

/** Drops each number with probability `rate` and scales the rest by 1/(1 − rate) (Srivastava et al. 2014). */
export const dropout: LayerFunction<'dropout'> = (layer, _weights, input, context) => {
  if (context.mode === 'infer' || layer.rate === 0) return input;
  return mul(input, mul(keepMask(input.shape, layer.rate, context), 1 / (1 - layer.rate)));
};

/** Drops whole channels (Tompson et al. 2015): one draw for a channel of an example. */
export const spatialDropout: LayerFunction<'spatialDropout'> = (layer, _weights, input, context) => {
  if (context.mode === 'infer' || layer.rate === 0) return input;
  const perChannel = input.shape.map((n, axis) => (axis === 0 || axis === input.rank - 1 ? n : 1));
  return mul(input, mul(keepMask(perChannel, layer.rate, context), 1 / (1 - layer.rate)));
};

/** The value that SELU saturates at, −λα: what alpha dropout puts where it drops. */
const SATURATION = -1.7580993408473766;

/**
 * Drops to SELU's negative saturation, then scales and shifts so that mean 0 and variance 1 are kept
 * (Klambauer et al. 2017, appendix “alpha dropout”).
 */
export const alphaDropout: LayerFunction<'alphaDropout'> = (layer, _weights, input, context) => {
  if (context.mode === 'infer' || layer.rate === 0) return input;
  const keep = 1 - layer.rate;
  const scale = (keep + SATURATION ** 2 * keep * layer.rate) ** -0.5;
  const shift = -scale * layer.rate * SATURATION;
  const mask = keepMask(input.shape, layer.rate, context);
  const dropped = add(mul(input, mask), mul(sub(1, mask), SATURATION));
  return add(mul(dropped, scale), shift);
};

/** Adds N(0, std²) noise. */
export const gaussianNoise: LayerFunction<'gaussianNoise'> = (layer, _weights, input, context) => {
  if (context.mode === 'infer' || layer.std === 0) return input;
  return add(input, mul(context.random.normal(input.shape), layer.std));
};

/** 1 where a number is kept, 0 where it is dropped. */
function keepMask(shape: readonly number[], rate: number, context: LayerContext): Tensor {
  return cast(greaterEqual(context.random.uniform(shape), rate), 'float32');
}
