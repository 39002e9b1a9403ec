import { add, matMul, mul, split, sub, type Tensor2D } from '@tensorflow/tfjs-core';
import { activate } from '../activations.ts';
import type { LayerFunction } from '../layer.ts';
import { overTime } from './time-loop.ts';

/**
 * Gated recurrent unit (Cho et al. 2014) whose reset gate acts after the recurrent product, as in Keras and cuDNN.
 * With `[z, r, g] = x·kernel + bias`, `[z′, r′, g′] = h·recurrentKernel + recurrentBias`, σ the recurrent
 * activation and φ the activation: `h ← u·h + (1 − u)·φ(g + σ(r + r′)·g′)`, where `u = σ(z + z′)`.
 * `[batch, length, channels]` → `[batch, units]`, or a sequence.
 */
export const gru: LayerFunction<'gru'> = (layer, weights, input, context) => {
  const { units } = layer;
  const recurrentKernel = weights.recurrentKernel as Tensor2D;
  return overTime(layer, weights, input, 1, (projected, [h]) => {
    const product: Tensor2D = matMul(h, recurrentKernel);
    const recurrent = weights.recurrentBias ? add<Tensor2D>(product, weights.recurrentBias) : product;
    const [gatesOfInput, ofInput] = split(projected, [2 * units, units], 1) as [Tensor2D, Tensor2D];
    const [gatesOfState, ofState] = split(recurrent, [2 * units, units], 1) as [Tensor2D, Tensor2D];
    const gates = activate(layer.recurrentActivation, add(gatesOfInput, gatesOfState), { weights, context });
    const [update, reset] = split(gates, 2, 1) as [Tensor2D, Tensor2D];
    const candidate = activate(layer.activation, add(ofInput, mul(reset, ofState)), { weights, context });
    // u·h + (1 − u)·candidate with one product less.
    return [add(candidate, mul(update, sub(h, candidate)))];
  });
};
