import { add, matMul, mul, split, type Tensor2D } from '@tensorflow/tfjs-core';
import { activate } from '../activations.ts';
import type { LayerFunction } from '../layer.ts';
import { overTime } from './time-loop.ts';

/**
 * Long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000), without
 * peepholes, as Keras has it. With `[i, f, g, o] = x·kernel + h·recurrentKernel + bias`, σ the recurrent
 * activation and φ the activation: `c ← σ(f)·c + σ(i)·φ(g)`, `h ← σ(o)·φ(c)`.
 * `[batch, length, channels]` → `[batch, units]`, or a sequence.
 */
export const lstm: LayerFunction<'lstm'> = (layer, weights, input, context) => {
  const recurrentKernel = weights.recurrentKernel as Tensor2D;
  const gate = (x: Tensor2D) => activate(layer.recurrentActivation, x, { weights, context });
  const squash = (x: Tensor2D) => activate(layer.activation, x, { weights, context });
  return overTime(layer, weights, input, 2, (projected, [h, c]) => {
    const linear: Tensor2D = add(projected, matMul(h, recurrentKernel));
    const [i, f, g, o] = split(linear, 4, 1) as [Tensor2D, Tensor2D, Tensor2D, Tensor2D];
    const cell: Tensor2D = add(mul(gate(f), c!), mul(gate(i), squash(g)));
    return [mul(gate(o), squash(cell)), cell];
  });
};
