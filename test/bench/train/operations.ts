import type { NetworkSpec } from '../../../src/spec/network.ts';
import { inferShapes, type LayerShape, size } from '../../../src/spec/shapes.ts';

/** Multiplies and adds of a 1,024³ product, in 10⁹. */
export const GEMM_SIDE = 1_024;
export const GEMM_GIGAFLOP = (2 * GEMM_SIDE ** 3) / 1e9;

/**
 * What one example's training step multiplies and adds in matrix products and convolutions, in 10⁹: forward, for
 * the weights' gradients, and for the inputs' gradients, which the network's own input isn't asked for.
 */
export function trainingGigaflop({ inputShape, layers }: NetworkSpec): number {
  const kernels = inferShapes(inputShape, layers).flatMap(productsOf);
  const all = kernels.reduce((sum, count) => sum + count, 0);
  return (2 * (3 * all - kernels[0]!)) / 1e9;
}

/** How often each of a layer's kernels multiplies for one example; the input's own kernel comes first. */
function productsOf(layer: LayerShape): number[] {
  const kernels = layer.weights.filter(({ name }) => /kernel$/i.test(name));
  return kernels.map(({ shape }) => size(shape) * timesUsed(layer));
}

/** A convolution's kernel serves every place of its output, a recurrent layer's every step of its input. */
function timesUsed({ type, inputShape, outputShape }: LayerShape): number {
  if (type === 'lstm' || type === 'gru' || type === 'simpleRnn') return inputShape[0]!;
  return /conv/i.test(type) ? size(outputShape.slice(0, -1)) : 1;
}
