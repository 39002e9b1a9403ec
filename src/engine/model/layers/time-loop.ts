import {
  add,
  matMul,
  reshape,
  stack,
  type Tensor,
  type Tensor2D,
  transpose,
  unstack,
  zeros,
} from '@tensorflow/tfjs-core';
import type { LayerOf } from '../../../spec/layer.ts';
import type { Tensors } from '../../tensors.ts';

/** What a recurrent layer carries from step to step, `[batch, units]` each; the first is what it puts out. */
export type State = readonly [output: Tensor2D, ...others: Tensor2D[]];

/**
 * One step of a recurrent layer.
 * @param projected the step's input times the kernel, with the bias: `[batch, gates·units]`
 */
export type Step = (projected: Tensor2D, state: State) => State;

/**
 * Goes through a sequence `[batch, length, channels]` step by step, from a state of zeros:
 * → `[batch, units]`, or `[batch, length, units]`.
 * @param states how many tensors the state has
 */
export function overTime(
  { units, backwards, returnSequences }: LayerOf<'simpleRnn' | 'lstm' | 'gru'>,
  weights: Tensors,
  input: Tensor,
  states: number,
  step: Step,
): Tensor {
  const start = Array.from({ length: states }, () => zeros([input.shape[0]!, units]));
  let state = start as unknown as State;
  const steps = projectedSteps(weights, input);
  const outputs = (backwards ? steps.toReversed() : steps).map((projected) => {
    state = step(projected, state);
    return state[0];
  });
  if (!returnSequences) return state[0];
  return stack(backwards ? outputs.toReversed() : outputs, 1);
}

/**
 * Every step's input times the kernel, in one product. They are unstacked, and not sliced, since the gradient of
 * that is one stack; a slice's would be as long as the sequence for each of its steps.
 */
function projectedSteps({ kernel, bias }: Tensors, input: Tensor): Tensor2D[] {
  const [batch, length, channels] = input.shape as [number, number, number];
  const byTime = transpose(input, [1, 0, 2]);
  const product = matMul(reshape(byTime, [length * batch, channels]), kernel as Tensor2D);
  const projected = bias ? add(product, bias) : product;
  // The gradient of unstacking a single step throws.
  if (length === 1) return [projected as Tensor2D];
  return unstack(reshape(projected, [length, batch, projected.shape[1]!]), 0) as Tensor2D[];
}
