import {
  addN,
  concat as concatenate,
  maximum as greater,
  mul,
  sub,
  type Tensor,
} from '@tensorflow/tfjs-core';
import type { LayerFunction } from '../layer.ts';

export const add: LayerFunction<'add'> = (_layer, _weights, _input, { inputs }) => addN([...inputs]);

export const subtract: LayerFunction<'subtract'> = (_layer, _weights, _input, { inputs }) =>
  sub(inputs[0]!, inputs[1]!);

export const multiply: LayerFunction<'multiply'> = (_layer, _weights, _input, { inputs }) =>
  inputs.reduce((product, input) => mul(product, input));

export const average: LayerFunction<'average'> = (_layer, _weights, _input, { inputs }) =>
  mul(addN([...inputs]), 1 / inputs.length);

export const maximum: LayerFunction<'maximum'> = (_layer, _weights, _input, { inputs }) =>
  inputs.reduce((greatest: Tensor, input) => greater(greatest, input));

export const concat: LayerFunction<'concat'> = (layer, _weights, input, { inputs }) =>
  concatenate([...inputs], layer.axis < 0 ? input.rank + layer.axis : layer.axis);
