import { slice, sub, type Tensor } from '@tensorflow/tfjs-core';
import { absolute } from '../../absolute.ts';
import {
  type ForwardOptions,
  type ForwardResult,
  forwardBetween,
  type Network,
} from '../../model/network.ts';
import type { Tensors } from '../../tensors.ts';
import type { Examples } from '../batch.ts';
import { exampleLosses, meanLoss } from '../losses.ts';
import { drawPartners, type Groups, groupExamples } from './draw-partners.ts';
import type { Objective } from './objective.ts';

/**
 * Tells whether two examples belong together: one network sees both, and its output layer their absolute
 * difference. Koch, Zemel and Salakhutdinov, Siamese neural networks for one-shot image recognition (2015).
 *
 * Each example of a batch gets a partner out of its split, so that `x` has twice as many rows: the examples, then
 * their partners. `y` is 1 for the same.
 */
export function pairs(): Objective {
  const groupsOf = remember(groupExamples);
  return {
    makeBatch: (batch, { source, rows, stream, gather }) => {
      const { partners, same } = drawPartners(groupsOf(source), rows, stream);
      const x = new Float32Array(2 * batch.x.length);
      x.set(batch.x);
      x.set(gather(partners).x, batch.x.length);
      return { count: batch.count, x, y: same };
    },
    respond: (network, weights, { x }, options) => compare(network, weights, x, options),
    loss: (outputs, { y }) =>
      meanLoss(exampleLosses({ type: 'binaryCrossEntropy', labelSmoothing: 0 }, outputs, y)),
  };
}

/** What the output layer says of how far both halves of a batch lie apart in the layer below. */
function compare(network: Network, weights: Tensors, x: Tensor, options: ForwardOptions): ForwardResult {
  const last = network.layers.length - 1;
  const below = forwardBetween(network, weights, { [-1]: x }, { ...options, to: last });
  const apart = Object.fromEntries(
    Object.entries(below.outputs).map(([position, output]) => [position, difference(output)]),
  );
  const top = forwardBetween(network, weights, apart, { ...options, from: last });
  return { output: top.outputs[last]!, updates: { ...below.updates, ...top.updates } };
}

/** `[2 · count, …]` → `[count, …]` */
function difference(value: Tensor): Tensor {
  const [both, ...rest] = value.shape as [number, ...number[]];
  const half = (start: number) => slice(value, [start, ...rest.map(() => 0)], [both / 2, ...rest]);
  return absolute(sub(half(0), half(both / 2)));
}

/** The groups of a split are the same for all of its batches. */
function remember(find: (examples: Examples) => Groups): (examples: Examples) => Groups {
  const found = new WeakMap<Examples, Groups>();
  return (examples) => {
    const known = found.get(examples) ?? find(examples);
    found.set(examples, known);
    return known;
  };
}
