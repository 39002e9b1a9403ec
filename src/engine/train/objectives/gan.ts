import {
  concat,
  dispose,
  mul,
  reshape,
  slice,
  type Tensor,
  type Tensor2D,
  tensor2d,
} from '@tensorflow/tfjs-core';
import { fillNormal } from '../../../random.ts';
import type { ObjectiveOf } from '../../../spec/objective.ts';
import { type ForwardOptions, forward, type Network } from '../../model/network.ts';
import type { Tensors } from '../../tensors.ts';
import { exampleLosses, meanLoss } from '../losses.ts';
import type { Objective } from './objective.ts';

const CROSS_ENTROPY = { type: 'binaryCrossEntropy', labelSmoothing: 0 } as const;

/**
 * Tells true examples from those that a generator makes up: Goodfellow et al., Generative adversarial nets
 * (arXiv:1406.2661). Both go through the network in one batch. Of each example `y` and the outputs have two columns:
 * a true one, and one made up. One-sided label smoothing is that of Salimans et al., arXiv:1606.03498.
 */
export function discriminator(
  { latent, labelSmoothing }: Pick<ObjectiveOf<'gan'>, 'latent' | 'labelSmoothing'>,
  generator: Network,
): Objective {
  return {
    makeBatch: ({ count, x }, { stream }) => ({
      count,
      x,
      y: Float32Array.from({ length: 2 * count }, (_, i) => 1 - (i % 2)),
      noise: fillNormal(new Float32Array(count * latent), stream),
    }),
    respond: (network, weights, { x, noise }, options) => {
      const { output: madeUp, updates } = makeUp(generator, weights, noise!, x.shape, options);
      // The generator's statistics move when it does.
      dispose(Object.values(updates));
      const both = forward(network, weights, concat([x, madeUp]), options);
      const count = x.shape[0]!;
      const half = (start: number) => slice(both.output, [start, 0], [count, 1]);
      return { ...both, output: concat([half(0), half(count)], 1) };
    },
    loss: (outputs, { y }) => {
      const targets = mul(y, tensor2d([1 - labelSmoothing, 1], [1, 2])) as Tensor2D;
      return meanLoss(exampleLosses(CROSS_ENTROPY, outputs, targets));
    },
  };
}

/**
 * Has the generator make examples that the discriminator takes for true: it climbs the logarithm of that probability,
 * which does not saturate (section 3 of the same). The discriminator is left alone; its dropout is on.
 */
export function adversary(judge: Network): Objective {
  const frozen = new Set(judge.layers.map(({ name }) => name));
  return {
    makeBatch: (batch) => batch,
    respond: (generator, weights, { x, noise }, options) => {
      const { output, updates } = makeUp(generator, weights, noise!, x.shape, options);
      const judged = forward(judge, weights, output, { ...options, frozen });
      return { output: judged.output, updates: { ...judged.updates, ...updates } };
    },
    loss: (outputs, { y }) => {
      const taken = slice(y, [0, 0], [y.shape[0], 1]);
      return meanLoss(exampleLosses(CROSS_ENTROPY, outputs, taken));
    },
  };
}

/** Examples of noise `[count, latent]`, in the shape that the true ones have. */
function makeUp(
  generator: Network,
  weights: Tensors,
  noise: Tensor,
  shape: readonly number[],
  { mode, random, onLayer }: ForwardOptions,
): { output: Tensor; updates: Tensors } {
  const options = { mode, random, ...(onLayer && { onLayer }) };
  const { output, updates } = forward(generator, weights, noise, options);
  return { output: reshape(output, [...shape]), updates };
}
